"""verify: are the committed outputs what the code gives?

Each output is byte-equal, numerically equal (within what), different or missing.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from replication import paper
from replication.errors import ReplicationError
from replication.evaluation.errors import misses
from replication.evaluation.metrics import METRICS, read_metrics
from replication.evaluation.outputs import FAILURES, Check, compare_answers
from replication.evaluation.recomputed import Trained
from replication.experiments import experiments
from replication.folders import PLACES, Folders, folder_options, path_option
from replication.mnist import databases, idx
from replication.networks import catalogue
from replication.pipeline import certificate as certificates
from replication.pipeline.again import Scope, derived, retrained
from replication.runs import ANSWERS, HISTORY, RECORD, TIMING, WEIGHTS, Run
from replication.settings import AnyRecipe, Recipe, load
from replication.systems.contract import answers_of
from replication.systems.replicates import compare_beginning
from replication.verdicts.claim_experiments import OWN
from replication.verdicts.tables import CLAIMS, VERDICTS

DIFFERENT = 1


def answers_only(scope: Scope) -> Iterator[Check]:
    """Recompute the networks' answers from the committed weights; one check an output."""
    metrics = scope.folders.results / METRICS
    stated = read_metrics(metrics) if metrics.exists() else {}
    kept = [name for name in scope.experiments if _is_kept(scope, scope.settings.experiment(name))]
    if not metrics.exists():
        yield Check(str(metrics), "missing")
    for name in kept:
        counted: list[int] = []
        for number in scope.numbers(name):
            yield from _replicate(scope, scope.run(name, number), counted)
        if counted and stated:
            known = stated.get(name, {}).get("test_misses", [])[: len(counted)]
            yield _counts(f"{metrics} ({name})", known, counted)


def _is_kept(scope: Scope, recipe: AnyRecipe) -> bool:
    """Whether the replicates leave a network's weights: large ones leave their answers alone."""
    if not isinstance(recipe, Recipe):
        return False
    network = catalogue.network(recipe.network, recipe.database, scope.paper)
    return network.parameters <= scope.settings.train.kept_parameters


def _replicate(scope: Scope, run: Run, counted: list[int]) -> Iterator[Check]:
    """The checks of one replicate; its misses are added to ``counted``."""
    absent = [name for name in (RECORD, WEIGHTS, ANSWERS, HISTORY) if not run.has(name)]
    if absent:
        yield from (Check(str(run.path(name)), "missing") for name in absent)
        return
    reading = RECORD
    try:
        trained = Trained(run.record["settings"], scope.paper, run.path(RECORD))
        reading = WEIGHTS
        weights = run.weights(trained.network.parameters)
        reading = ANSWERS
        committed = run.answers
        reading = HISTORY
        stated = int(run.history["test_misses"].iloc[-1])
    except ReplicationError as error:
        yield Check(str(run.path(reading)), "different", str(error))
        return
    test = databases.load(scope.folders.raw, scope.folders.prepared, trained.database)
    again = answers_of(trained.penalties(weights, test.test_images))
    yield compare_answers(str(run.path(ANSWERS)), committed, again)
    counted.append(misses(again.classes, test.test_labels))
    yield _counts(str(run.path(HISTORY)), [stated], counted[-1:])


def _counts(output: str, stated: Sequence[int], counted: Sequence[int]) -> Check:
    if list(stated) == list(counted):
        return Check(output, "numerically equal", f"{_list(counted)} test misses, as recomputed")
    text = f"{_list(stated) or 'no'} test misses stated, {_list(counted)} recomputed"
    return Check(output, "different", text)


def _list(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))


def unverified(results: Path, checks: Sequence[Check]) -> list[str]:
    """What lies under ``results`` and is in no check; replicates as a line an experiment."""
    verified = {Path(check.output.split(" (")[0]) for check in checks}
    left = [path for path in sorted(results.rglob("*")) if path.is_file() and path not in verified]
    runs = [path for path in left if path.is_relative_to(results / "runs")]
    lines = [str(path) for path in left if path not in runs]
    replicates = Counter(path.parent for path in runs if path.name != TIMING)
    for name, number in Counter(folder.parent for folder in replicates).items():
        minutes = sum(Run(one).seconds for one in replicates if one.parent == name) / 60
        lines.append(
            f"{name}: {number} of {sum(path.is_dir() for path in name.iterdir())} replicates not "
            f"trained again, {minutes:.1f} minutes where they were made"
        )
    clocks = sum(path.name == TIMING for path in runs)
    return [*lines, f"{clocks} {TIMING}, which hold clocks"] if clocks else lines


def headline(folders: Folders) -> str:
    """The paper's three numbers on LeNet-5, ours and the verdicts, as committed."""
    verdicts = VERDICTS.read(folders.results).set_index("claim").loc[list(CLAIMS)].reset_index()
    shown = verdicts[["claim", "published", "replicated", "replicates", "verdict"]]
    return shown.to_string(index=False)


def quick(scope: Scope, scratch: Path) -> Iterator[Check]:
    """The checks of two minutes, each on the least that shows what it is to show.

    The raw data, the answers of all networks behind the headline, and the shortest training of
    LeNet-5 whole, to the last byte; of every other network the first 1,000 presentations.
    """
    raw = scope.folders.raw
    databases.load(raw, scope.folders.prepared, "regular")
    yield Check(str(raw), "byte-equal", f"as {idx.SUMS} and {databases.SUMMARY} say")
    subjects = scope.settings.compare.experiments
    behind = [n for n in (subjects.undistorted, subjects.distorted) if n in scope.experiments]
    yield from answers_only(scope._replace(experiments=tuple(behind), replicates=None))
    lengths = {
        name: recipe.passes * recipe.presentations_per_pass
        for name, recipe in scope.settings.experiments.items()
        if isinstance(recipe, Recipe) and name.startswith(OWN)
    }
    shortest = min(lengths, key=lengths.__getitem__)
    yield from beginnings(scope)
    yield from retrained(scope._replace(experiments=(shortest,), replicates=1), scratch)


def beginnings(scope: Scope) -> Iterator[Check]:
    """Train the first presentations of a replicate of each network; a check an experiment.

    A replicate of other settings, data or numbers of code is none that they could show.
    """
    recipes = {name: scope.settings.experiment(name) for name in scope.experiments}
    for experiment in experiments(recipes, scope.settings, scope.folders):
        begun = compare_beginning(experiment)
        if begun is not None:
            output = f"{experiment.run(begun.job.number).path(RECORD)} (its beginning)"
            same = f"weights after {begun.presentations} presentations"
            yield Check(
                output, *(("byte-equal", same) if begun.equal else ("different", begun.text))
            )


def thorough(scope: Scope, scratch: Path) -> Iterator[Check]:
    """The answers, the runs trained anew, and between them what follows from all runs together.

    The latter only where no experiment is left out.
    """
    yield from answers_only(scope)
    if set(scope.experiments) == set(scope.settings.experiments):
        yield from derived(scope, scratch / "derived")
    yield from retrained(scope, scratch)


def _scope(
    folders: Folders, names: tuple[str, ...], replicates: int | None, minutes: float | None
) -> Scope:
    """Raises ReplicationError for an experiment that is not there or has fewer replicates."""
    settings = load(folders.params)
    there = {name: settings.experiment(name).replicates for name in names or settings.experiments}
    if replicates is not None and replicates > max(there.values()):
        most = max(there, key=there.__getitem__)
        raise ReplicationError(
            f"--replicates is {replicates}, but {most} has {there[most]} and no experiment that "
            "was named more: give fewer, or --all"
        )
    return Scope(settings, paper.load(folders.paper), folders, tuple(there), replicates, minutes)


@click.command()
@folder_options(*(name for name in PLACES if name != "checkpoints"))
@click.option("--quick", "shortly", is_flag=True,
              help="In two minutes: raw data, the headline's answers, one training.")  # fmt: skip
@click.option("--answers-only", "untrained", is_flag=True, help="Train nothing.")
@click.option("--experiment", "names", multiple=True, metavar="NAME",
              help="Only this experiment of params.yaml; may be given several times.")  # fmt: skip
@click.option(
    "--replicates",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="So many of each experiment, from the first, or all if it has fewer.",
)
@click.option("--minutes", type=click.FloatRange(min=0),
              help="Train anew what so many minutes sufficed for where it was made, the short "
              "first.")  # fmt: skip
@click.option("--all", "every", is_flag=True, help="All replicates of each experiment.")
@path_option("--certificate", "certificate",
             "The folder of the certificate, as JSON and as text, to be sent back.")  # fmt: skip
def command(
    folders: Folders, shortly: bool, untrained: bool, names: tuple[str, ...],
    replicates: int, minutes: float | None, every: bool, certificate: Path,
) -> int:  # fmt: skip
    """Tell whether the committed outputs are what the code gives; status 1 when one is not.

    Without options one replicate of each experiment is trained anew; with --answers-only nothing is
    trained, and the torch reference answers from the committed weights. What came out, and on which
    processor, is written down as a certificate.
    """
    import torch

    scope = _scope(folders, names, None if every else replicates, minutes)
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    checks = []
    with tempfile.TemporaryDirectory() as scratch:
        anew = quick(scope, Path(scratch)) if shortly else thorough(scope, Path(scratch))
        for check in answers_only(scope) if untrained and not shortly else anew:
            checks.append(check)
            print(f"{check.outcome:<19}{check.output:<52} {check.detail}".rstrip(), flush=True)
    if not checks:
        raise ReplicationError(
            f"{', '.join(scope.experiments)} leaves no weights of a network, so its answers cannot "
            "be recomputed: leave --answers-only out to train it anew"
        )
    left = [] if shortly else unverified(folders.results, checks)
    for line in left:
        print(f"{'not verified':<19}{line}")
    counted = Counter(check.outcome for check in checks)
    print(", ".join(f"{number} {outcome}" for outcome, number in counted.items()))
    certificates.write(certificate, certificates.certificate(checks, left))
    print(f"{certificate / certificates.TEXT} written, and the same as JSON: please send it back")
    if shortly:
        print(f"\n{headline(folders)}")
    return DIFFERENT if any(check.outcome in FAILURES for check in checks) else 0
