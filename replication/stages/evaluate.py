"""Stage evaluate: the replicates' answers and histories -> results/metrics.json.

Misses are counted here from the answers, and have to be those that the history's final pass has.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from replication import paper, settings
from replication.evaluation.metrics import evaluate, write_metrics
from replication.evaluation.rejection import target_percent
from replication.mnist import databases


def summary(metrics: Mapping[str, Any]) -> str:
    """A line an experiment."""
    return "\n".join(
        f"{name}: {entry['replicates']} replicates, "
        f"test error {entry['test_error_percent']['mean']:.3f} %, "
        f"rejection {entry['rejection_percent']['mean']:.2f} %"
        for name, entry in metrics.items()
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of the stage: reads results/runs, writes results/metrics.json."""
    parser = argparse.ArgumentParser(prog="python -m replication evaluate", description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--paper", type=Path, default=Path("data/paper"))
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    parser.add_argument("--runs", type=Path, default=Path("results/runs"))
    parser.add_argument("--out", type=Path, default=Path("results/metrics.json"))
    arguments = parser.parse_args(argv)
    chosen = settings.load(arguments.params).experiments
    labels = databases.ensure(arguments.prepared, arguments.raw, "regular").test_labels
    target = target_percent(paper.load(arguments.paper))
    metrics = evaluate(arguments.runs, chosen, labels, target)
    write_metrics(arguments.out, metrics)
    print(summary(metrics))
