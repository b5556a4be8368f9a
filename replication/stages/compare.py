"""Stage compare: the metrics beside data/paper -> results/verdicts.csv, results/misclassified.csv.

Exit status: 0 when every claim has been measured, 3 when some have not (unless that is allowed),
1 with --strict when a claim differs.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from replication import paper, settings
from replication.comparison import overlap, variance
from replication.comparison.architecture import counts
from replication.comparison.evidence import Evidence
from replication.comparison.verdicts import Verdict, as_table, judge_all, tally
from replication.errors import ReplicationError
from replication.evaluation import invariance
from replication.evaluation.metrics import in_passes, read_metrics
from replication.files import read_json, read_table, write_table
from replication.mnist import databases
from replication.runs import of_experiment

DIFFERS, INCOMPLETE = 1, 3
_OPTIONAL = ("bench", "readings", "variance", "collapse", "invariance")


def compare(evidence: Evidence) -> tuple[list[Verdict], pd.DataFrame]:
    """The verdicts, and the table of the digits that 1998 or all of ours got wrong."""
    return judge_all(evidence), overlap.table(evidence)


def exit_status(verdicts: Sequence[Verdict], *, allow_incomplete: bool, strict: bool) -> int:
    """What the command ends with; an unmeasured claim is never a pass unless that is allowed."""
    counted = tally(verdicts)
    if strict and counted["differs"]:
        return DIFFERS
    return INCOMPLETE if counted["unmeasured"] and not allow_incomplete else 0


def summary(verdicts: Sequence[Verdict]) -> str:
    """The measured claims as a short table, then the tally."""
    lines = [
        f"{one.finding.outcome:<13}{one.subject.claim:<60}"
        f"{textwrap.shorten(one.subject.published, 24, placeholder=' ...'):<26}"
        f"{one.finding.replicated}"
        for one in verdicts
        if one.finding.outcome != "unmeasured"
    ]
    counted = ", ".join(f"{number} {outcome}" for outcome, number in tally(verdicts).items())
    return "\n".join([*lines, counted])


def timings(path: Path) -> dict[str, float]:
    """The medians of results/bench.json by which claims are judged.

    Raises ReplicationError when it is missing or lacks one.
    """
    content = read_json(path, "python -m replication bench")
    try:
        return {
            "curvature_share_of_pass": float(content["curvature_share_of_pass"]["median"]),
            "microseconds_per_pattern": float(
                content["lenet5"]["microseconds_per_pattern"]["median"]
            ),
        }
    except (KeyError, TypeError) as error:
        raise ReplicationError(
            f"{path} is damaged (no {error}): delete it and run `python -m replication bench`"
        ) from error


def read_evidence(arguments: argparse.Namespace) -> Evidence:
    """Read all that the verdicts are made from; raises ReplicationError as the readers do."""
    chosen, published = settings.load(arguments.params), paper.load(arguments.paper)
    metrics = read_metrics(arguments.metrics)
    recipes = {name: chosen.experiment(name) for name in metrics}
    runs = {
        name: of_experiment(arguments.runs, name, recipe.replicates)
        for name, recipe in recipes.items()
    }
    labels = databases.ensure(arguments.prepared, arguments.raw, "regular").test_labels
    histories = {
        name: [run.history for run in found]
        for name, found in runs.items()
        if in_passes(recipes[name])
    }
    if arguments.variance:
        key = ("experiment", "replicate", "pass")
        curves = read_table(arguments.variance, key, "python -m replication variance")
        varied = variance.histories(curves)
        histories |= varied
        metrics |= {name: variance.errors(found, len(labels)) for name, found in varied.items()}
    optional: dict[str, Any] = {}
    if arguments.bench:
        optional["bench"] = timings(arguments.bench)
    if arguments.readings:
        columns = ("centre", "factor", "level", "distance", "rms_low", "rms_high")
        made_by = "python -m replication readings"
        optional["readings"] = read_table(arguments.readings, columns, made_by)
    if arguments.invariance:
        made_by = "python -m replication invariance"
        optional["invariance"] = read_table(arguments.invariance, invariance.COLUMNS, made_by)
    if arguments.collapse:
        optional["collapse"] = read_json(arguments.collapse, "python -m replication collapse")
    return Evidence(
        paper=published,
        choices=chosen.compare,
        amplitude=chosen.base.squashing.amplitude,
        slope=chosen.base.squashing.slope,
        counts=counts(published),
        summary=read_json(arguments.prepared / databases.SUMMARY, databases.PREPARE),
        labels=labels,
        metrics=metrics,
        histories=histories,
        answers={name: [run.answers for run in found] for name, found in runs.items()},
        **optional,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Command line of the stage; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m replication compare", description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--paper", type=Path, default=Path("data/paper"))
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    parser.add_argument("--metrics", type=Path, default=Path("results/metrics.json"))
    parser.add_argument("--runs", type=Path, default=Path("results/runs"))
    for name in _OPTIONAL:
        parser.add_argument(f"--{name}", type=Path, help="without it its claims are unmeasured")
    parser.add_argument("--out", type=Path, default=Path("results"))
    parser.add_argument("--allow-incomplete", action="store_true", help="exit 0 all the same")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a claim differs")
    arguments = parser.parse_args(argv)
    evidence = read_evidence(arguments)
    verdicts, digits = compare(evidence)
    write_table(arguments.out / "verdicts.csv", as_table(verdicts))
    write_table(arguments.out / "misclassified.csv", digits)
    chosen = settings.load(arguments.params)
    undistorted = chosen.compare.experiments.undistorted
    own = chosen.experiments.get(undistorted)
    recipes = {undistorted: own} if isinstance(own, settings.Recipe) else {}
    spread = variance.sources(
        {**recipes, **chosen.variance}, undistorted, evidence.metrics, chosen.compare.confidence
    )
    write_table(arguments.out / "variance.csv", spread)
    print(summary(verdicts))
    return exit_status(
        verdicts, allow_incomplete=arguments.allow_incomplete, strict=arguments.strict
    )
