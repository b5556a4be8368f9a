"""replicate and studies: train everything again, and what only the studies need.

The experiments whose names begin with lenet5 are the paper's own network; with --all also the
systems that it is compared with.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from replication.comparison import paper
from replication.comparison.evaluation.metrics import METRICS, read_metrics
from replication.comparison.evaluation.outputs import OUTCOMES, compare_runs
from replication.comparison.verdicts.tables import OWN, compare_with_1998
from replication.core.runs import ANSWERS, TIMING, WEIGHTS, Run
from replication.core.settings import load
from replication.errors import ReplicationError
from replication.extras.costs import measure
from replication.folders import PAGE, Folders

# Studies that train: after `replicate --all`, whose replicates some of them need; the longest last.
STUDIES = ("beginnings", "collapse", "boosting", "causes", "variance", "readings", "plain", "tied",
           "sensitivity", "multiverse")  # fmt: skip


def get_backup(folders: Folders) -> Path:
    """Return the folder of the committed runs while others are made in their place."""
    return folders.checkpoints / "replicating"


def move_to_backup(folders: Folders, experiments: Sequence[str]) -> None:
    """Move the runs of ``experiments`` out of the way, so that every replicate is trained again.

    What an interrupted run has trained stays: its times differ from the backup's. Each replicate is
    copied whole before it is removed, so that nothing is lost on the way, and results/ may be on
    another file system, or in a layer of a container, where renaming is not possible.
    """
    backup = get_backup(folders)
    backup.mkdir(parents=True, exist_ok=True)
    if (folders.results / METRICS).exists() and not (backup / METRICS).exists():
        shutil.copy2(folders.results / METRICS, backup / METRICS)
    for name in experiments:
        for run in sorted((folders.runs / name).glob("[0-9]*")):
            copy = backup / "runs" / name / run.name
            if not copy.exists():
                partial = copy.with_name(f".{copy.name}.copying")
                shutil.rmtree(partial, ignore_errors=True)
                shutil.copytree(run, partial)
                partial.rename(copy)
            times = [folder / TIMING for folder in (run, copy)]
            if not all(map(Path.exists, times)) or len({t.read_bytes() for t in times}) == 1:
                shutil.rmtree(run)


def compare_backup(folders: Folders) -> Counter[str]:
    """Count the replicates in the backup by the worst outcome of weights and answers."""
    counted: Counter[str] = Counter()
    backup = get_backup(folders) / "runs"
    for run in sorted(backup.glob("*/[0-9]*")):
        checks = compare_runs(Run(run), Run(folders.runs / run.relative_to(backup)))
        outcomes = [check.outcome for check in checks if check.output.endswith((ANSWERS, WEIGHTS))]
        counted[max(outcomes, key=OUTCOMES.index, default="missing")] += 1
    return counted


def run_dvc(*arguments: str, quietly: bool = False) -> subprocess.CompletedProcess[str]:
    """Run DVC with this Python, whether or not its environment is activated."""
    # DVC runs `python`, which has to be this Python.
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        env={**os.environ, "PATH": search},
        capture_output=quietly,
        text=True,
    )


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also the systems of Figures 9 to 12.")
def replicate(everything: bool) -> None:
    """Train LeNet-5 again, run all stages, and compare 1998, the committed runs and this run.

    After an interruption the same command continues. Until all is done the committed runs lie in
    .checkpoints/replicating.
    """
    folders = Folders.below()
    settings = load(folders.params)
    names = [name for name in settings.experiments if everything or name.startswith(OWN)]
    stages = run_dvc("stage", "list", quietly=True)
    if stages.returncode:
        reason = " ".join((stages.stderr or stages.stdout).strip().splitlines()[-1:])
        raise ReplicationError(
            f"DVC does not work here ({reason}), so nothing was moved: `make install` sets it up, "
            "also in a downloaded archive"
        )
    move_to_backup(folders, names)
    backup = get_backup(folders)
    print(
        f"The committed runs lie in {backup / 'runs'} until all is done. To give up, copy them "
        f"to {folders.runs}, or `git checkout results dvc.lock`.",
        flush=True,
    )
    with measure(folders, "replicate-all" if everything else "replicate"):
        if run_dvc("repro").returncode:
            raise ReplicationError(
                "the pipeline stopped (its own message stands above); what was finished is kept, "
                "and the same command goes on from there; the committed runs lie in "
                f"{backup / 'runs'}"
            )
    before = read_metrics(backup / METRICS) if (backup / METRICS).exists() else {}
    now = read_metrics(folders.results / METRICS)
    table = compare_with_1998(paper.load(folders.paper), settings.compare, names, before, now)
    print("\nErrors in percent, mean over the replicates (their number)\n")
    print(table.to_string(index=False))
    outcomes = compare_backup(folders)
    same = outcomes.pop("byte-equal", 0)
    rest = "".join(f", {count} {outcome}" for outcome, count in outcomes.items())
    print(
        f"\n{same} of {same + outcomes.total()} committed replicates came out byte for byte the "
        f"same{rest}."
    )
    print(f"The page: {folders.results / PAGE}")
    shutil.rmtree(backup)


@click.command()
def studies() -> None:
    """Run every study that trains; keep what the same code, settings and data have trained."""
    folders = Folders.below()
    settings = load(folders.params)
    with measure(folders, "studies"):
        for study in STUDIES:
            module = import_module(f"replication.studies.{study}.run")
            print(f"{study}\n{module.summary(module.run(folders, settings))}", flush=True)
