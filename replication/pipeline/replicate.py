"""replicate: the pipeline anew, whatever is up to date, and a table of what came out.

The experiments whose names begin with lenet5 are the paper's own network; with --all also the
systems that it is compared with.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pandas as pd

from replication import paper
from replication.errors import ReplicationError
from replication.evaluation.metrics import METRICS, read_metrics
from replication.folders import Folders
from replication.runs import ANSWERS, WEIGHTS
from replication.settings import Settings, load
from replication.verdicts.claim_experiments import OWN, compare_with_1998


def set_aside(results: Path, kept: Path, experiments: Sequence[str]) -> None:
    """Move the runs of ``experiments`` out of the way, so that every replicate is trained anew.

    What an interrupted run has set aside stays there, and what it has trained stays too.
    """
    (kept / "runs").mkdir(parents=True, exist_ok=True)
    if (results / METRICS).exists() and not (kept / METRICS).exists():
        shutil.copy2(results / METRICS, kept / METRICS)
    for name in experiments:
        there, away = results / "runs" / name, kept / "runs" / name
        if there.exists() and not away.exists():
            there.rename(away)


def same_bytes(kept: Path, results: Path) -> tuple[int, int]:
    """How many replicates have the committed weights and answers byte for byte, of how many."""
    same = total = 0
    for answers in sorted((kept / "runs").glob(f"*/*/{ANSWERS}")):
        new = results / "runs" / answers.parent.relative_to(kept / "runs")
        total += 1
        same += all(
            (new / old.name).exists() and (new / old.name).read_bytes() == old.read_bytes()
            for old in answers.parent.iterdir()
            if old.name in {ANSWERS, WEIGHTS}
        )
    return same, total


def reproduce() -> None:
    """Let DVC make what is missing, and then whatever follows from it in its graph.

    Raises ReplicationError when a stage fails.
    """
    # DVC runs `python`: let it be this one, whether or not the environment is activated.
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "repro"], env={**os.environ, "PATH": search}
    )
    if done.returncode:
        raise ReplicationError(
            "the pipeline stopped (its own message stands above); what was finished is kept, "
            "and the same command goes on from there"
        )


def run(folders: Folders, settings: Settings, experiments: Sequence[str]) -> pd.DataFrame:
    """Train ``experiments`` anew, and set 1998, committed and this run side by side.

    What was there before is under `kept_in` until the next `finish`.
    """
    kept = kept_in(folders)
    set_aside(folders.results, kept, experiments)
    reproduce()
    kept_metrics = kept / METRICS
    before = read_metrics(kept_metrics) if kept_metrics.exists() else {}
    now = read_metrics(folders.results / METRICS)
    return compare_with_1998(paper.load(folders.paper), settings.compare, experiments, before, now)


def kept_in(folders: Folders) -> Path:
    """Where the committed runs lie while others are made in their place."""
    return folders.checkpoints / "replicating"


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also the systems of Figures 9 to 12.")
def command(everything: bool) -> None:
    """Train LeNet-5 anew, go through all stages, and set 1998, committed and this run in a row.

    An interrupted run goes on where it was when the command is given again.
    """
    folders = Folders.usual()
    settings = load(folders.params)
    names = [name for name in settings.experiments if everything or name.startswith(OWN)]
    table = run(folders, settings, names)
    print("\nErrors in percent, mean over the replicates (their number)\n")
    print(table.to_string(index=False))
    same, total = same_bytes(kept_in(folders), folders.results)
    print(f"\n{same} of {total} committed replicates came out byte for byte the same.")
    print(f"The page: {folders.results / 'report' / 'index.html'}")
    shutil.rmtree(kept_in(folders))
