"""replicate and studies: train LeNet-5 while somebody watches, everything again, or the studies."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from replication import studies as questions
from replication.comparison import paper
from replication.comparison.evaluation.metrics import METRICS, read_metrics
from replication.comparison.evaluation.outputs import OUTCOMES, compare_runs
from replication.comparison.verdicts.claim_checks import HEADLINE, VERDICTS
from replication.comparison.verdicts.tables import compare_with_1998, published_errors
from replication.core.runs import ANSWERS, HISTORY, TIMING, WEIGHTS, Run
from replication.core.settings import Settings, load
from replication.errors import ReplicationError
from replication.extras.costs import measure
from replication.folders import PAGE, Folders, backup_folder
from replication.pipeline.stages import FORECAST, forecast_study, forecast_training, list_jobs

if TYPE_CHECKING:
    from replication.core.systems.jobs import Job

# Studies that train: after `replicate --all`, whose replicates some of them need; the longest last.
STUDIES = ("beginnings", "collapse", "boosting", "causes", "variance", "readings", "plain", "tied",
           "sensitivity", "multiverse")  # fmt: skip

DIFFERENT = 1
COMPARED = (ANSWERS, WEIGHTS, HISTORY)


def move_to_backup(folders: Folders, experiments: Sequence[str]) -> None:
    """Move the runs of ``experiments`` out of the way, so that every replicate is trained again.

    What an interrupted run has trained stays: its times differ from the backup's. Each replicate is
    copied whole before it is removed, so that nothing is lost on the way, and results/ may be on
    another file system, or in a layer of a container, where renaming is not possible.
    """
    backup = backup_folder(folders)
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
    backup = backup_folder(folders) / "runs"
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
@click.option("--all", "everything", is_flag=True, help="Every replicate of every experiment.")
@FORECAST
def replicate(everything: bool, forecast: bool) -> int:
    """Train LeNet-5 once without and once with distortions, and compare with 1998 and the results.

    The committed runs are left as they are. Ends with status 1 where a network came out otherwise
    than committed. With --all everything is trained again in the place of the committed runs, which
    lie in .checkpoints/replicating until all is done; after an interruption that goes on.
    """
    folders = Folders.below()
    settings = load(folders.params)
    if forecast:
        title, jobs = "LeNet-5", list_headline(settings, folders)
        if everything:
            title, jobs = "everything", list_again(folders, settings)
        forecast_training(title, jobs, settings, folders, leave_runs=everything)
        return 0
    if not everything:
        with measure(folders, "replicate"):
            equal = train_headline(folders, settings)
        return 0 if equal else DIFFERENT
    replicate_everything(folders, settings)
    return 0


def list_headline(settings: Settings, folders: Folders) -> list["Job"]:
    """Return replicate 0 of LeNet-5 without and with distortions; its run lies in ``folders``."""
    roles = settings.compare.experiments
    jobs = list_jobs(folders, settings, (roles.undistorted, roles.distorted))
    return [job for job in jobs if job.number == 0]


def list_again(folders: Folders, settings: Settings) -> list["Job"]:
    """Return the replicates that --all trains: those that it has not trained before it was ended.

    What it has trained has other times than the copy that was set aside.
    """
    from replication.core.systems.replicates import is_finished

    def is_trained(job: "Job") -> bool:
        run = job.experiment.run(job.number).path(TIMING)
        copy = backup_folder(folders) / "runs" / job.experiment.name / str(job.number) / TIMING
        times = {path.read_bytes() for path in (run, copy) if path.exists()}
        return len(times) == 2 and is_finished(*job)

    jobs = list_jobs(folders, settings, tuple(settings.experiments))
    return [job for job in jobs if not is_trained(job)]


def train_headline(folders: Folders, settings: Settings) -> bool:
    """Train replicate 0 of LeNet-5 without and with distortions, and say how they came out.

    Returns whether weights, answers and history are byte by byte those that were committed.
    """
    # Imported when a training begins, so that a help text need not wait for the compiler.
    from replication.core.systems.replicates import train

    published = published_errors(paper.load(folders.paper), settings.compare)
    verdicts = VERDICTS.read(folders.results).set_index("claim")
    equal = True
    with TemporaryDirectory(prefix="replicate-") as scratch:
        own = replace(folders, runs=Path(scratch, "runs"), checkpoints=Path(scratch, "checkpoints"))
        jobs = list_headline(settings, own)
        forecast_training("LeNet-5", jobs, settings, folders, leave_runs=False)
        train("LeNet-5", jobs, settings.train)
        for job, claim in zip(jobs, (HEADLINE[0], HEADLINE[2]), strict=True):
            name = job.experiment.name
            run, committed = job.experiment.run(0), Run(folders.runs / name / "0")
            missed, patterns = int(run.history["test_misses"].iloc[-1]), len(run.answers.classes)
            checks = [
                check for check in compare_runs(committed, run) if check.output.endswith(COMPARED)
            ]
            same = all(check.outcome == "byte-equal" for check in checks)
            equal &= same
            verdict = verdicts.loc[claim]
            print(
                f"\n{name}: {100 * missed / patterns:.2f} % of the test patterns missed; "
                f"1998: {published[name, 'test']:g} %.\n"
                f"  All {verdict['replicates']} committed replicates: {verdict['replicated']}, "
                f"{verdict['verdict']}: {verdict['reason']}.\n  Weights, answers and history are "
                + ("byte for byte as committed." if same else "NOT as committed:")
            )
            for check in checks:
                if check.outcome != "byte-equal":
                    print(f"  {check.output}: {check.outcome} {check.detail}".rstrip())
    return equal


def replicate_everything(folders: Folders, settings: Settings) -> None:
    """Train every replicate again, run all stages, and compare 1998, committed and this run."""
    names = list(settings.experiments)
    stages = run_dvc("stage", "list", quietly=True)
    if stages.returncode:
        reason = " ".join((stages.stderr or stages.stdout).strip().splitlines()[-1:])
        raise ReplicationError(
            f"DVC does not work here ({reason}), so nothing was moved: `make install` sets it up, "
            "also in a downloaded archive"
        )
    move_to_backup(folders, names)
    backup = backup_folder(folders)
    print(
        f"The committed runs lie in {backup / 'runs'} until all is done. To give up, copy them "
        f"to {folders.runs}, or `git checkout results dvc.lock`.",
        flush=True,
    )
    with measure(folders, "replicate-all"):
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
@FORECAST
def studies(forecast: bool) -> None:
    """Run every study that trains; keep what the same code, settings and data have trained."""
    folders = Folders.below()
    settings = load(folders.params)
    modules = {study: questions.load_module(study, "run") for study in STUDIES}
    if forecast:
        for study, module in modules.items():
            forecast_study(study, module, folders, settings)
        return
    with measure(folders, "studies"):
        for study, module in modules.items():
            forecast_study(study, module, folders, settings)
            print(f"{study}\n{module.summary(module.run(folders, settings))}", flush=True)
