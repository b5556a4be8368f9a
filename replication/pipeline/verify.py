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
from replication.folders import PLACES, Folders, folder_options
from replication.mnist import databases
from replication.networks import catalogue
from replication.pipeline.again import Scope, derived, retrained
from replication.runs import ANSWERS, HISTORY, RECORD, TIMING, WEIGHTS, Run
from replication.settings import Recipe, load
from replication.systems.contract import answers_of

DIFFERENT = 1


def answers_only(scope: Scope) -> Iterator[Check]:
    """Recompute the networks' answers from the committed weights; one check an output."""
    metrics = scope.folders.results / METRICS
    stated = read_metrics(metrics) if metrics.exists() else {}
    if not metrics.exists():
        yield Check(str(metrics), "missing")
    for name in scope.experiments:
        recipe = scope.settings.experiment(name)
        if not isinstance(recipe, Recipe) or not _is_kept(scope, recipe):
            continue
        counted: list[int] = []
        for number in scope.numbers(name):
            yield from _replicate(scope, scope.run(name, number), counted)
        if counted and stated:
            known = stated.get(name, {}).get("test_misses", [])[: len(counted)]
            yield _counts(f"{metrics} ({name})", known, counted)


def _is_kept(scope: Scope, recipe: Recipe) -> bool:
    """Whether the replicates leave their weights: large networks leave their answers alone."""
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
    """What lies under ``results`` and is in no check; the files of replicates as one line."""
    verified = {Path(check.output.split(" (")[0]) for check in checks}
    left = [path for path in sorted(results.rglob("*")) if path.is_file() and path not in verified]
    runs = [path for path in left if path.is_relative_to(results / "runs")]
    clocks = sum(path.name == TIMING for path in runs)
    lines = [str(path) for path in left if path not in runs]
    if len(runs) > clocks:
        lines.append(f"{len(runs) - clocks} files of replicates under {results / 'runs'}")
    return [*lines, f"{clocks} {TIMING}, which hold clocks"] if clocks else lines


def verify(scope: Scope, scratch: Path, *, train_anew: bool) -> Iterator[Check]:
    """All checks, as they are made."""
    yield from answers_only(scope)
    if train_anew:
        yield from derived(scope, scratch / "derived")
        yield from retrained(scope, scratch)


@click.command()
@folder_options(*PLACES)
@click.option("--answers-only", is_flag=True, help="Train nothing.")
@click.option("--experiment", "names", multiple=True, metavar="NAME", help="Only this one.")
@click.option("--replicates", type=click.IntRange(min=1), default=1, help="Of each; 1 if not set.")
@click.option("--all", "every", is_flag=True, help="All replicates.")
def command(
    folders: Folders, answers_only: bool, names: tuple[str, ...], replicates: int, every: bool
) -> int:
    """Tell whether the committed outputs are what the code gives; status 1 when one is not.

    Without options one replicate of each network is trained anew; with --answers-only nothing is
    trained, and the torch reference answers from the committed weights.
    """
    import torch

    settings = load(folders.params)
    for name in names:
        settings.experiment(name)
    scope = Scope(
        settings,
        paper.load(folders.paper),
        folders,
        names or tuple(settings.experiments),
        None if every else replicates,
    )
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    checks = []
    with tempfile.TemporaryDirectory() as scratch:
        for check in verify(scope, Path(scratch), train_anew=not answers_only):
            checks.append(check)
            print(f"{check.outcome:<19}{check.output:<52} {check.detail}".rstrip(), flush=True)
    for line in unverified(folders.results, checks):
        print(f"{'not verified':<19}{line}")
    counted = Counter(check.outcome for check in checks)
    print(", ".join(f"{number} {outcome}" for outcome, number in counted.items()) or "nothing")
    return DIFFERENT if not checks or any(c.outcome in FAILURES for c in checks) else 0
