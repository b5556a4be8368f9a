"""verify: does the code give the committed outputs?

Outputs are made again in a scratch folder: answers from weights, replicates, and results derived
from them. Each is byte-equal, numerically equal (within a stated tolerance), different or missing.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from replication.comparison import paper
from replication.comparison.evaluation.errors import count_misses
from replication.comparison.evaluation.metrics import METRICS, read_metrics
from replication.comparison.evaluation.outputs import (
    FAILURES,
    Check,
    compare_answers,
    compare_files,
)
from replication.comparison.evaluation.recomputed import RecordedNetwork
from replication.comparison.verdicts.claim_checks import HEADLINE, VERDICTS
from replication.comparison.verdicts.tables import OWN
from replication.core.mnist import databases
from replication.core.runs import ANSWERS, COST, HISTORY, RECORD, WEIGHTS, Run
from replication.core.settings import Recipe, load
from replication.core.systems.contract import answers_from_penalties
from replication.errors import ReplicationError
from replication.extras import certificate as certificates
from replication.files import write_text
from replication.folders import Folders, path_option
from replication.pipeline import compare, pages, stages
from replication.pipeline.options import refuse_contradictions, settings_options
from replication.pipeline.retraining import Scope, retrain, retrain_beginnings, retrain_passes
from replication.studies import distortions
from replication.studies.collapse import run as collapse
from replication.studies.invariance import run as invariance

DIFFERENT = 1
# By option those that contradict it: --quick chooses its checks itself, and so on.
_CONTRADICTIONS = {
    "--quick": ("--answers-only", "--experiment", "--replicates", "--minutes", "--all"),
    "--answers-only": ("--minutes",),
    "--all": ("--replicates",),
    "--passes": ("--quick", "--answers-only", "--minutes"),
}


def recompute_answers(scope: Scope) -> Iterator[Check]:
    """Recompute the networks' answers from the committed weights by the torch reference."""
    metrics = scope.folders.results / METRICS
    committed = read_metrics(metrics) if metrics.exists() else {}
    if not metrics.exists():
        yield Check(str(metrics), "missing")
    for experiment in scope.prepare(scope.folders):
        counted: list[int] = []
        network = experiment.network if isinstance(experiment.recipe, Recipe) else None
        # Large networks leave their answers alone, not their weights.
        if network and network.parameters <= experiment.kept_parameters:
            for _, number in scope.jobs(experiment):
                yield from _recompute(scope, experiment.run(number), counted)
        if counted and committed:
            stated = committed.get(experiment.name, {}).get("test_misses", [])[: len(counted)]
            yield _compare_misses(metrics, stated, counted, f"{experiment.name}: ")


def _recompute(scope: Scope, run: Run, counted: list[int]) -> Iterator[Check]:
    """Check the answers and misses of a replicate; add its misses to ``counted``."""
    absent = [name for name in (RECORD, WEIGHTS, ANSWERS, HISTORY) if not run.has(name)]
    yield from (Check(str(run.path(name)), "missing") for name in absent)
    try:
        trained = RecordedNetwork(run.record["settings"], scope.paper, run.path(RECORD))
        weights = run.weights(trained.network.parameters)
        committed, stated = run.answers, int(run.history["test_misses"].iloc[-1])
    except ReplicationError as error:
        if not absent:
            yield Check(str(run.folder), "different", str(error))
        return
    test = databases.load(scope.folders.raw, scope.folders.prepared, trained.database)
    answers = answers_from_penalties(trained.penalties(weights, test.test_images))
    yield compare_answers(str(run.path(ANSWERS)), committed, answers)
    counted.append(count_misses(answers.classes, test.test_labels))
    yield _compare_misses(run.path(HISTORY), [stated], counted[-1:])


def _compare_misses(
    output: Path, stated: Sequence[int], counted: Sequence[int], of: str = ""
) -> Check:
    first, second = (", ".join(map(str, values)) for values in (stated, counted))
    if first == second:
        return Check(str(output), "numerically equal", f"{of}{second} test misses, as recomputed")
    detail = f"{of}{first or 'no'} test misses stated, {second} recomputed"
    return Check(str(output), "different", detail)


def regenerate_results(scope: Scope, scratch: Path) -> Iterator[Check]:
    """Make again the results of all committed runs together, and the small studies."""
    settings, folders = scope.settings, replace(scope.folders, out=scratch)
    makers: dict[str, Callable[[], object]] = {
        "evaluate": lambda: stages.evaluate_runs(folders, settings),
        "invariance": lambda: invariance.run(folders, settings),
        "compare": lambda: compare.write_verdicts(folders, settings),
        "audit": lambda: compare.write_audit(folders, settings),
        "distortions": lambda: distortions.run(folders, settings),
        "collapse": lambda: collapse.run(folders, settings),
        "article": lambda: pages.write_article(folders),
        "report": lambda: pages.write_report(folders),
    }
    compared: set[Path] = set()
    for name, make in makers.items():
        try:
            make()
        except ReplicationError as error:
            yield Check(f"what {name} makes", "different", f"it cannot be made again: {error}")
        outputs = {path.relative_to(scratch) for path in scratch.rglob("*") if path.is_file()}
        for path in sorted(outputs - compared):
            yield compare_files(str(folders.results / path), folders.results / path, scratch / path)
        compared |= outputs


def check_quickly(scope: Scope, scratch: Path) -> Iterator[Check]:
    """Check in two minutes as much as possible.

    The raw data, the answers of all networks behind the headline, the first 1,000 presentations of
    every network, and the shortest whole training of LeNet-5, byte by byte.
    """
    raw = scope.folders.raw
    databases.load(raw, scope.folders.prepared, "regular")
    yield Check(str(raw), "byte-equal", f"as {databases.SUMS} and {databases.SUMMARY} say")
    subjects = scope.settings.compare.experiments
    behind = [n for n in (subjects.undistorted, subjects.distorted) if n in scope.experiments]
    yield from recompute_answers(scope._replace(experiments=tuple(behind), replicates=None))
    lengths = {
        name: recipe.passes * recipe.presentations_per_pass
        for name, recipe in scope.settings.experiments.items()
        if isinstance(recipe, Recipe) and name.startswith(OWN)
    }
    shortest = min(lengths, key=lengths.__getitem__)
    yield from retrain_beginnings(scope)
    yield from retrain(scope._replace(experiments=(shortest,), replicates=1), scratch)


def check_thoroughly(scope: Scope, scratch: Path) -> Iterator[Check]:
    """Check answers, replicates and, unless experiments are chosen, all derived results."""
    yield from recompute_answers(scope)
    if scope.whole:
        yield from regenerate_results(scope, scratch / "derived")
    yield from retrain(scope, scratch)


def list_unverified(scope: Scope, checks: Sequence[Check]) -> list[str]:
    """Return a line for each experiment that was not trained again.

    Unless experiments are chosen, also a line for each other result without a check.
    """
    folders, verified = scope.folders, {Path(check.output) for check in checks}
    lines = [
        str(path)
        for path in sorted(folders.results.rglob("*"))
        # Files that file managers and network file systems leave behind begin with a dot.
        if scope.whole and path.is_file() and not path.name.startswith(".")
        if path not in verified and not path.is_relative_to(folders.runs)
    ]
    for experiment in scope.prepare(folders):
        runs = [experiment.run(number) for number in range(experiment.recipe.replicates)]
        left = [run for run in runs if run.path(COST) not in verified]
        if left:
            lines.append(
                f"{folders.runs / experiment.name}: {len(left)} of {len(runs)} replicates not "
                f"trained again, {sum(run.seconds for run in left) / 60:.1f} minutes where they "
                "were made"
            )
    return lines


def read_headline(folders: Folders) -> str:
    """Return the paper's three numbers on LeNet-5, ours and the verdicts, as committed."""
    verdicts = VERDICTS.read(folders.results).set_index("claim").loc[list(HEADLINE)].reset_index()
    columns = ["claim", "published", "replicated", "replicates", "verdict"]
    return verdicts[columns].to_string(index=False)


@click.command()
@settings_options("runs")
@click.option("--quick", is_flag=True,
              help="In two minutes: raw data, the headline's answers, one training.")  # fmt: skip
@click.option("--answers-only", is_flag=True, help="Train nothing.")
@click.option("--experiment", "names", multiple=True, metavar="NAME",
              help="Only this experiment of params.yaml; may be given several times.")  # fmt: skip
@click.option("--replicates", type=click.IntRange(min=1), default=1, show_default=True,
              help="How many of each experiment, from the first on.")  # fmt: skip
@click.option("--minutes", type=click.FloatRange(min=0),
              help="Train only what took this many minutes where it was made, short trainings "
              "first.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="All replicates of each experiment.")
@click.option("--passes", type=click.IntRange(min=1), metavar="N",
              help="Train each network's first N passes alone, and compare every number of "
              "them.")  # fmt: skip
@path_option("--certificate", "certificate",
             "The folder of the certificate, as JSON and as text, to be sent back.")  # fmt: skip
def verify(
    folders: Folders, quick: bool, answers_only: bool, names: tuple[str, ...],
    replicates: int, minutes: float | None, everything: bool, passes: int | None,
    certificate: Path | None,
) -> int:  # fmt: skip
    """Check that the code gives the committed outputs; end with status 1 if one differs.

    Without options one replicate of each experiment is trained again; with --answers-only nothing
    is trained, and the torch reference answers from the committed weights. The outcomes, and the
    processor, are written as a certificate.
    """
    import torch

    refuse_contradictions(click.get_current_context(), _CONTRADICTIONS)
    settings = load(folders.params)
    for name in names:
        settings.experiment(name)
    chosen = tuple(dict.fromkeys(names or settings.experiments))
    count = None if everything else replicates
    scope = Scope(settings, paper.load(folders.paper), folders, chosen, count, minutes)
    # Before the work is done, since the folder may not be writable.
    certificate = certificate or folders.root / "certificate"
    write_text(certificate / certificates.TEXT, "verify has not ended\n")
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    checks = []
    with tempfile.TemporaryDirectory() as scratch:
        if passes is not None:
            steps = retrain_passes(scope, passes, Path(scratch))
        elif answers_only:
            steps = recompute_answers(scope)
        else:
            steps = (check_quickly if quick else check_thoroughly)(scope, Path(scratch))
        for check in steps:
            checks.append(check)
            print(certificates.line(*check), flush=True)
    if not checks:
        raise ReplicationError(
            f"{', '.join(scope.experiments)} leaves no weights of a network, so its answers cannot "
            "be recomputed: leave --answers-only out to train it again"
        )
    left = [] if quick else list_unverified(scope, checks)
    for output in left:
        print(certificates.line(output, "not verified"))
    print(certificates.tally(Counter(check.outcome for check in checks)))
    written = certificates.write(certificate, certificates.certificate(checks, left))
    print(f"{written} written, and the same as JSON: please send it back")
    if quick:
        print(f"\n{read_headline(folders)}")
    return DIFFERENT if any(check.outcome in FAILURES for check in checks) else 0
