"""verify: are the committed outputs what the code gives?

Each output is byte-equal, numerically equal (within what), different or missing; exit status 1 when
any is different or missing. Without options one replicate of each network is trained anew; with
--answers-only nothing is trained, and the torch reference answers from the committed weights.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from replication import paper, settings
from replication.comparison.outputs import FAILURES, Check, compare_answers
from replication.errors import ReplicationError
from replication.evaluation.errors import misses
from replication.evaluation.metrics import read_metrics
from replication.evaluation.recomputed import Trained
from replication.mnist import databases
from replication.networks import catalogue
from replication.runs import ANSWERS, HISTORY, RECORD, TIMING, WEIGHTS, Run
from replication.settings import Recipe
from replication.stages.again import METRICS, Asked, derived, retrained
from replication.stages.experiments import add_folders
from replication.systems.contract import answers_of

DIFFERENT = 1


def answers_only(asked: Asked) -> Iterator[Check]:
    """Recompute the networks' answers from the committed weights; one check an output."""
    metrics = Path(asked.given.results) / METRICS
    stated = read_metrics(metrics) if metrics.exists() else {}
    if not metrics.exists():
        yield Check(str(metrics), "missing")
    for name in asked.experiments:
        recipe = asked.chosen.experiment(name)
        if not isinstance(recipe, Recipe) or not _is_kept(asked, recipe):
            continue
        counted: list[int] = []
        for number in asked.numbers(name):
            yield from _replicate(asked, Run(asked.folder(name, number)), counted)
        if counted and stated:
            known = stated.get(name, {}).get("test_misses", [])[: len(counted)]
            yield _counts(f"{metrics} ({name})", known, counted)


def _is_kept(asked: Asked, recipe: Recipe) -> bool:
    """Whether the replicates leave their weights: large networks leave their answers alone."""
    network = catalogue.network(recipe.network, recipe.database, asked.published)
    return network.parameters <= asked.chosen.train.kept_parameters


def _replicate(asked: Asked, run: Run, counted: list[int]) -> Iterator[Check]:
    """The checks of one replicate; its misses are added to ``counted``."""
    absent = [name for name in (RECORD, WEIGHTS, ANSWERS, HISTORY) if not run.has(name)]
    if absent:
        yield from (Check(str(run.path(name)), "missing") for name in absent)
        return
    reading = RECORD
    try:
        trained = Trained(run.record["settings"], asked.published, run.path(RECORD))
        reading = WEIGHTS
        weights = run.weights(trained.network.parameters)
        reading = ANSWERS
        committed = run.answers
        reading = HISTORY
        stated = int(run.history["test_misses"].iloc[-1])
    except ReplicationError as error:
        yield Check(str(run.path(reading)), "different", str(error))
        return
    test = databases.ensure(asked.given.prepared, asked.given.raw, trained.database)
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


def verify(asked: Asked, scratch: Path, *, train_anew: bool) -> Iterator[Check]:
    """All checks, as they are made."""
    yield from answers_only(asked)
    if train_anew:
        yield from derived(asked, scratch / "derived")
        yield from retrained(asked, scratch)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m replication verify", description=__doc__)
    add_folders(parser)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--answers-only", action="store_true", help="train nothing")
    parser.add_argument("--experiment", action="append", metavar="NAME", help="only this one")
    number = parser.add_mutually_exclusive_group()
    number.add_argument("--replicates", type=int, default=1, metavar="N", help="of each: 1")
    number.add_argument("--all", action="store_true", help="all replicates")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Command line: prints a line an output as it is verified; returns the exit status."""
    given = _parser().parse_args(argv)
    if given.replicates < 1:
        raise ReplicationError("--replicates must be 1 or more: correct it, or use --all")
    chosen = settings.load(given.params)
    names = tuple(given.experiment or chosen.experiments)
    for name in names:
        chosen.experiment(name)
    number = None if given.all else given.replicates
    asked = Asked(chosen, paper.load(given.paper), given, names, number)
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    checks = []
    with tempfile.TemporaryDirectory() as scratch:
        for check in verify(asked, Path(scratch), train_anew=not given.answers_only):
            checks.append(check)
            print(f"{check.outcome:<19}{check.output:<52} {check.detail}".rstrip(), flush=True)
    for line in unverified(given.results, checks):
        print(f"{'not verified':<19}{line}")
    counted = Counter(check.outcome for check in checks)
    print(", ".join(f"{number} {outcome}" for outcome, number in counted.items()) or "nothing")
    return DIFFERENT if not checks or any(c.outcome in FAILURES for c in checks) else 0
