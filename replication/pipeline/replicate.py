"""replicate: run the pipeline again, whatever is up to date, and print a table of what came out.

The experiments whose names begin with lenet5 are the paper's own network; with --all also the
systems that it is compared with.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
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
from replication.folders import Folders


def kept_in(folders: Folders) -> Path:
    """Return where the committed runs lie while others are made in their place."""
    return folders.checkpoints / "replicating"


def set_aside(folders: Folders, experiments: Sequence[str]) -> None:
    """Move the runs of ``experiments`` out of the way, so that every replicate is trained again.

    What an interrupted run has trained stays: its clocks are not those that were set aside. Each
    replicate is copied whole before it is removed, so that nothing is lost on the way, and results/
    may be on another file system, or in a layer of a container, where renaming is not possible.
    """
    kept = kept_in(folders)
    kept.mkdir(parents=True, exist_ok=True)
    if (folders.results / METRICS).exists() and not (kept / METRICS).exists():
        shutil.copy2(folders.results / METRICS, kept / METRICS)
    for name in experiments:
        for there in sorted((folders.runs / name).glob("[0-9]*")):
            away = kept / "runs" / name / there.name
            if not away.exists():
                partial = away.with_name(f".{away.name}.copying")
                shutil.rmtree(partial, ignore_errors=True)
                shutil.copytree(there, partial)
                partial.rename(away)
            clocks = [folder / TIMING for folder in (there, away)]
            if not all(map(Path.exists, clocks)) or len({c.read_bytes() for c in clocks}) == 1:
                shutil.rmtree(there)


def compare_kept(folders: Folders) -> Counter[str]:
    """Count the replicates that were set aside, by the worst outcome of weights and answers."""
    counted: Counter[str] = Counter()
    kept = kept_in(folders) / "runs"
    for run in sorted(kept.glob("*/[0-9]*")):
        checks = compare_runs(Run(run), Run(folders.runs / run.relative_to(kept)))
        outcomes = [check.outcome for check in checks if check.output.endswith((ANSWERS, WEIGHTS))]
        counted[max(outcomes, key=OUTCOMES.index, default="missing")] += 1
    return counted


def dvc(*arguments: str, quietly: bool = False) -> subprocess.CompletedProcess[str]:
    """Run DVC with this Python, whether or not its environment is activated."""
    # DVC runs `python`: let it be this one.
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        env={**os.environ, "PATH": search},
        capture_output=quietly,
        text=True,
    )


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also the systems of Figures 9 to 12.")
def command(everything: bool) -> None:
    """Train LeNet-5 anew, go through all stages, and set 1998, committed and this run in a row.

    An interrupted run goes on where it was when the command is given again. Until all is done the
    committed runs lie in .checkpoints/replicating.
    """
    folders = Folders.below()
    settings = load(folders.params)
    names = [name for name in settings.experiments if everything or name.startswith(OWN)]
    listed = dvc("stage", "list", quietly=True)
    if listed.returncode:
        reason = " ".join((listed.stderr or listed.stdout).strip().splitlines()[-1:])
        raise ReplicationError(
            f"DVC does not work here ({reason}), so nothing was moved: `make install` sets it up, "
            "also in a downloaded archive"
        )
    set_aside(folders, names)
    kept = kept_in(folders)
    print(
        f"The committed runs lie in {kept / 'runs'} until all is done. To give up, copy what is in "
        f"it to {folders.runs}, or `git checkout results dvc.lock`.",
        flush=True,
    )
    with measure(folders, "replicate-all" if everything else "replicate"):
        if dvc("repro").returncode:
            raise ReplicationError(
                "the pipeline stopped (its own message stands above); what was finished is kept, "
                "and the same command goes on from there; the committed runs lie in "
                f"{kept / 'runs'}"
            )
    before = read_metrics(kept / METRICS) if (kept / METRICS).exists() else {}
    now = read_metrics(folders.results / METRICS)
    table = compare_with_1998(paper.load(folders.paper), settings.compare, names, before, now)
    print("\nErrors in percent, mean over the replicates (their number)\n")
    print(table.to_string(index=False))
    outcomes = compare_kept(folders)
    same = outcomes.pop("byte-equal", 0)
    rest = "".join(f", {count} {outcome}" for outcome, count in outcomes.items())
    print(
        f"\n{same} of {same + outcomes.total()} committed replicates came out byte for byte the "
        f"same{rest}."
    )
    print(f"The page: {folders.results / 'report' / 'index.html'}")
    shutil.rmtree(kept)
