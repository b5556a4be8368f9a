"""replicate: the pipeline anew, whatever is up to date, and a table of what came out.

The experiments whose names begin with lenet5 are the paper's own network; with --all also the
systems that it is compared with.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from replication import artifacts, paper, settings
from replication.comparison.published import OWN, side_by_side
from replication.errors import ReplicationError

RESULTS = Path("results")
KEPT = Path(".checkpoints/replicating")
ASKED = "experiments.json"
AFTER = ("evaluate", "invariance", "compare", "audit", "report")


def set_aside(results: Path, kept: Path, experiments: Sequence[str]) -> bool:
    """Move the runs of ``experiments`` out of the way, so that every replicate is trained anew.

    Returns False when an earlier forced run of the same experiments was interrupted: then it goes
    on. Raises ReplicationError when the interrupted run was of others.
    """
    if kept.exists():
        if artifacts.read_json(kept / ASKED, "make replicate") != list(experiments):
            raise ReplicationError(
                "another forced run was interrupted: finish it with the command that began it, or "
                f"bring back what it set aside with `git checkout results` and delete {kept}"
            )
        return False
    artifacts.write_json(kept / ASKED, list(experiments))
    (kept / "runs").mkdir()
    if (results / "metrics.json").exists():
        shutil.copy2(results / "metrics.json", kept / "metrics.json")
    for name in experiments:
        if (results / "runs" / name).exists():
            (results / "runs" / name).rename(kept / "runs" / name)
    return True


def same_bytes(kept: Path, results: Path) -> tuple[int, int]:
    """How many replicates have the committed weights and answers byte for byte, of how many."""
    same = total = 0
    for answers in sorted((kept / "runs").glob("*/*/answers.npz")):
        new = results / "runs" / answers.parent.relative_to(kept / "runs")
        total += 1
        same += all(
            (new / old.name).exists() and (new / old.name).read_bytes() == old.read_bytes()
            for old in answers.parent.glob("*")
            if old.suffix in {".npz", ".safetensors"}
        )
    return same, total


def main(argv: Sequence[str] | None = None) -> int:
    """Train LeNet-5 anew, go through all stages, and set 1998, committed and this run in a row.

    An interrupted run goes on where it was when the command is given again.
    """
    parser = argparse.ArgumentParser(prog="replication replicate", description=main.__doc__)
    parser.add_argument("--all", action="store_true", help="also the systems of Figures 9 to 12")
    given = parser.parse_args(argv)
    chosen = settings.load(Path("params.yaml"))
    experiments = [name for name in chosen.experiments if given.all or name.startswith(OWN)]
    if not set_aside(RESULTS, KEPT, experiments):
        print("going on with the interrupted run (to give it up, delete .checkpoints)")
    # DVC runs `python`: let it be this one, whether or not the environment is activated.
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    stages = ["prepare", *(f"train@{name}" for name in experiments), *AFTER]
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "repro", "--force", "--single-item", *stages],
        env={**os.environ, "PATH": search},
    )
    if done.returncode:
        raise ReplicationError(
            "the pipeline stopped (its own message stands above); what was finished is kept, and "
            "the same command goes on from there"
        )
    kept_metrics = KEPT / "metrics.json"
    before = artifacts.read_metrics(kept_metrics) if kept_metrics.exists() else {}
    now = artifacts.read_metrics(RESULTS / "metrics.json")
    print("\nErrors in percent, mean over the replicates (their number)\n")
    published = paper.load(Path("data/paper"))
    print(side_by_side(published, chosen.compare, experiments, before, now).to_string(index=False))
    same, total = same_bytes(KEPT, RESULTS)
    print(f"\n{same} of {total} committed replicates came out byte for byte the same.")
    print(f"The page: {RESULTS / 'report' / 'index.html'}")
    shutil.rmtree(KEPT)
    return 0
