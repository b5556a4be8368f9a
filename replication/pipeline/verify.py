"""verify: does the code give the committed outputs?

Each output is byte-equal, numerically equal (within a stated tolerance), different or missing.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from replication.comparison import paper
from replication.comparison.evaluation.outputs import FAILURES, Check
from replication.comparison.verdicts.claim_checks import HEADLINE, VERDICTS
from replication.comparison.verdicts.tables import OWN
from replication.core.mnist import databases
from replication.core.runs import COST
from replication.core.settings import Recipe, load
from replication.errors import ReplicationError
from replication.extras import certificate as certificates
from replication.files import write_text
from replication.folders import Folders, folder_options, path_option
from replication.pipeline.regenerate import (
    Scope,
    recompute_answers,
    regenerate_results,
    retrain,
    retrain_beginnings,
)

DIFFERENT = 1
CERTIFICATE = "certificate"
# By option those that contradict it: --quick chooses its checks itself, and so on.
_CONTRADICTIONS = {
    "--quick": ("--answers-only", "--experiment", "--replicates", "--minutes", "--all"),
    "--answers-only": ("--minutes",),
    "--all": ("--replicates",),
}


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
    folders, verified = scope.folders, {Path(check.output.split(" (")[0]) for check in checks}
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


def _refuse_contradictions(context: click.Context) -> None:
    """Raise click.UsageError for two options that contradict each other."""
    given = {
        option.opts[0]
        for option in context.command.params
        if context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    }
    for option, others in _CONTRADICTIONS.items():
        for second in given.intersection(others) if option in given else ():
            raise click.UsageError(f"{option} and {second} contradict each other", context)


@click.command()
@folder_options("params", "runs")
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
@path_option("--certificate", CERTIFICATE,
             "The folder of the certificate, as JSON and as text, to be sent back.")  # fmt: skip
def command(
    folders: Folders, quick: bool, answers_only: bool, names: tuple[str, ...],
    replicates: int, minutes: float | None, everything: bool, certificate: Path | None,
) -> int:  # fmt: skip
    """Check that the code gives the committed outputs; end with status 1 if one differs.

    Without options one replicate of each experiment is trained again; with --answers-only nothing
    is trained, and the torch reference answers from the committed weights. The outcomes, and the
    processor, are written as a certificate.
    """
    import torch

    _refuse_contradictions(click.get_current_context())
    settings = load(folders.params)
    for name in names:
        settings.experiment(name)
    chosen = tuple(dict.fromkeys(names or settings.experiments))
    count = None if everything else replicates
    scope = Scope(settings, paper.load(folders.paper), folders, chosen, count, minutes)
    # Before the work is done, since the folder may not be writable.
    certificate = certificate or folders.root / CERTIFICATE
    write_text(certificate / certificates.TEXT, "verify has not ended\n")
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    checks = []
    with tempfile.TemporaryDirectory() as scratch:
        check_all = check_quickly if quick else check_thoroughly
        steps = recompute_answers(scope) if answers_only else check_all(scope, Path(scratch))
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
        print(certificates.line(output, certificates.NOT_VERIFIED))
    counted = Counter(check.outcome for check in checks)
    print(", ".join(f"{number} {outcome}" for outcome, number in counted.items()))
    written = certificates.write(certificate, certificates.certificate(checks, left))
    print(f"{written} written, and the same as JSON: please send it back")
    if quick:
        print(f"\n{read_headline(folders)}")
    return DIFFERENT if any(check.outcome in FAILURES for check in checks) else 0
