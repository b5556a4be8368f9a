"""compare and audit: the claims and the settings of 1998 beside ours, as tables in results/."""

import json
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, get_args

import click

from replication import studies
from replication.comparison import paper
from replication.comparison.audit import table as audits
from replication.comparison.audit.setting import AUDIT
from replication.comparison.evaluation.metrics import METRICS, read_metrics
from replication.comparison.verdicts import claim_checks, tables
from replication.comparison.verdicts.claim_checks import Verdict
from replication.comparison.verdicts.counts import count_architectures
from replication.comparison.verdicts.evidence import Checks, Evidence
from replication.core.mnist import databases
from replication.core.mnist.writers import read_test_writers
from replication.core.runs import ANSWERS, HISTORY, TIMING, Run, experiment_runs
from replication.core.settings import Settings, load, parse
from replication.core.systems.jobs import prepare_experiments
from replication.errors import ReplicationError
from replication.extras.certificate import git
from replication.files import read_json, table_bytes, write_table
from replication.folders import PLACES, Folders, path_option
from replication.pipeline import stages
from replication.pipeline.options import refuse_contradictions, settings_options
from replication.reading import Damage, parse_yaml
from replication.studies.variance import CURVES, SPREAD, tabulate_spread

DIFFERS, INCOMPLETE = 1, 3
DEPARTS = 1
# Of audit, by option those that contradict it.
_CONTRADICTIONS = {"--diff": ("--params", "--set", "--runs", "--out", "--strict")}
_WIDTHS = (34, 13, 30)  # of the columns that audit prints, but the last


def all_checks() -> Checks:
    """Return the checks of the paper's sections and those of the studies."""
    of_studies = (module.CHECKS for module in studies.load_modules("verdict"))
    return claim_checks.merge_checks([*claim_checks.SECTIONS, *of_studies])


def read_runs(runs: Path, metrics: Mapping[str, Any]) -> dict[str, list[Run]]:
    """Return the replicates that were evaluated, by experiment, none of them read yet."""
    return {
        name: experiment_runs(runs, name, entry["replicates"]) for name, entry in metrics.items()
    }


def read_evidence(
    folders: Folders,
    settings: Settings,
    metrics: Mapping[str, Any],
    runs: Mapping[str, Sequence[Run]],
    *,
    partial: bool = False,
) -> Evidence:
    """Read all that the verdicts are made from; raise ReplicationError as the readers do.

    Files of studies that are not in the folder of results are left out; with ``partial`` so are
    experiments without all of their runs, instead of refusing them.
    """
    published = paper.load(folders.paper)
    database = databases.load(folders.raw, folders.prepared, "regular")

    def select_complete(file: str) -> dict[str, Sequence[Run]]:
        return {
            name: replicates
            for name, replicates in runs.items()
            if not partial or all(run.has(file) for run in replicates)
        }

    return Evidence(
        paper=published,
        choices=settings.compare,
        amplitude=settings.base.squashing.amplitude,
        slope=settings.base.squashing.slope,
        counts=count_architectures(published),
        summary=read_json(folders.prepared / databases.SUMMARY, databases.PREPARE),
        labels=database.test_labels,
        images=database.test_images,
        metrics=metrics,
        writers=read_json(folders.writers / "counts.json", "git checkout data/writers"),
        test_writers=read_test_writers(folders.writers, len(database.test_labels)),
        histories={
            name: [run.history for run in replicates]
            for name, replicates in select_complete(HISTORY).items()
            if "training_misses" in metrics[name]
        },
        seconds={
            name: [run.seconds_alone for run in replicates if run.seconds]
            for name, replicates in runs.items()
            if all(run.has(TIMING) for run in replicates)
        },
        answers={
            name: [run.answers for run in replicates]
            for name, replicates in select_complete(ANSWERS).items()
        },
        studies={
            output.name: output.read(folders.results)
            for output in all_checks().outputs
            if output.exists(folders.results)
        },
    )


def write_verdicts(folders: Folders, settings: Settings) -> list[Verdict]:
    """Write all tables that follow from the evidence, and return the verdicts."""
    out, metrics = folders.out, read_metrics(folders.results / METRICS)
    evidence = read_evidence(folders, settings, metrics, read_runs(folders.runs, metrics))
    verdicts = claim_checks.run_checks(evidence, all_checks())
    claim_checks.VERDICTS.write(out, claim_checks.tabulate_verdicts(verdicts))
    tables.MISCLASSIFIED.write(out, tables.misclassified(evidence))
    curves = evidence.studies.get(CURVES.name)
    SPREAD.write(out, tabulate_spread(settings, evidence.metrics, curves, len(evidence.labels)))
    claim_checks.HEADLINE_FILE.write(out, claim_checks.summarise_headline(verdicts, evidence))
    tables.CURVES.write(out, tables.learning_curves(evidence))
    tables.SIZES.write(out, tables.training_sizes(evidence))
    return verdicts


def exit_status(verdicts: Sequence[Verdict], *, allow_incomplete: bool, strict: bool) -> int:
    """Return the exit status; an unmeasured claim is never a pass unless that is allowed."""
    counted = claim_checks.tally(verdicts)
    if strict and counted["differs"]:
        return DIFFERS
    return INCOMPLETE if counted["unmeasured"] and not allow_incomplete else 0


@click.command()
@settings_options("runs", "out")
@click.option("--allow-incomplete", is_flag=True, help="Unmeasured claims are no failure.")
@click.option("--strict", is_flag=True, help="End with status 1 when a claim differs.")
def compare(folders: Folders, allow_incomplete: bool, strict: bool) -> int:
    """Give a verdict on every claim of the paper, from the runs and the studies' files.

    A claim whose file is not there is unmeasured, and its verdict names the command that makes the
    file. Ends with status 3 when a claim is unmeasured, unless that is allowed. Of other settings
    than params.yaml's the experiments are evaluated that are trained by them; the others may be
    unmeasured.
    """
    settings = load(folders.params)
    if folders.are_of_variation:
        stages.evaluate_runs(folders, settings)
        allow_incomplete = True
    verdicts = write_verdicts(folders, settings)
    for verdict in verdicts:
        subject, finding = verdict.subject, verdict.finding
        published = _shorten(subject.published, 24)
        if finding.outcome != "unmeasured":
            print(f"{finding.outcome:<13}{subject.claim:<60}{published:<26}{finding.ours}")
    tally = claim_checks.tally(verdicts).items()
    print(", ".join(f"{number} {outcome}" for outcome, number in tally))
    return exit_status(verdicts, allow_incomplete=allow_incomplete, strict=strict)


def _shorten(text: str, width: int) -> str:
    return textwrap.shorten(text, width, placeholder=" ...")


def _wrap_columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield lines of as many columns as `_WIDTHS`, and a last one up to the terminal's edge."""
    whole = shutil.get_terminal_size((120, 24)).columns
    widths = (*_WIDTHS, max(whole - sum(_WIDTHS) - len(_WIDTHS), 30))
    for row in rows:
        # A cell of nothing is a line of nothing, or its column would be lost.
        cells = [textwrap.wrap(text, width) or [""]
                 for text, width in zip(row, widths, strict=True)]  # fmt: skip
        for parts in zip_longest(*cells, fillvalue=""):
            padded = (f"{part:<{width}}" for part, width in zip(parts, widths, strict=True))
            yield " ".join(padded).rstrip()


def _describe_differences(
    folders: Folders, settings: Settings, published: paper.Paper
) -> Iterator[str]:
    """Yield what differs from params.yaml, or of params.yaml itself from the one in git's HEAD."""
    usual = Folders.below(folders.root).params
    try:
        if folders.are_of_variation:
            before, source = load(usual), usual.as_posix()
        else:
            source = f"the committed {usual.name}"
            before = parse(parse_yaml(git(folders.root, "show", f"HEAD:{usual.name}")), source)
    except (ReplicationError, Damage) as error:
        yield f"{folders.params} cannot be compared with the committed settings: {error}"
        return
    changes = list(audits.differences(published, before, settings))
    verb = "setting differs" if len(changes) == 1 else "settings differ"
    yield f"{folders.params}: {len(changes) or 'no'} {verb} from {source}"
    whole = shutil.get_terminal_size((120, 24)).columns
    for change in changes:
        yield textwrap.fill(change, whole, initial_indent="  ", subsequent_indent="    ")


def run_audit(folders: Folders, settings: Settings, *, runs: bool = True) -> audits.Audit:
    """Audit the settings, with ``runs`` also what the runs show."""
    ready = prepare_experiments(settings.experiments, settings, folders)
    published = paper.load(folders.paper)
    return audits.audit(published, settings, ready, folders.params.name, runs=runs)


def write_audit(folders: Folders, settings: Settings) -> None:
    """Write audit.csv, with what the runs show."""
    AUDIT.write(folders.out, AUDIT.frame(run_audit(folders, settings).settings))


@click.command()
@settings_options()
@path_option("--runs", f"{PLACES['runs']} for params.yaml", "Judge the runs in this folder too.")
@path_option("--out", f"{PLACES['out']}/{AUDIT.name} for params.yaml", "The table to write.")
@click.option("--strict", is_flag=True, help="End with status 1 when anything departs.")
@click.option("--diff", nargs=2, type=click.Path(path_type=Path), metavar="FILE FILE",
              help="Only list the differences between two files of settings.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="A list of objects, for a program.")
def audit(
    folders: Folders, runs: Path | None, out: Path | None, strict: bool,
    diff: tuple[Path, Path] | None, as_json: bool,
) -> int:  # fmt: skip
    """Compare every setting of the paper with the setting in force.

    First it says what differs from the committed settings. Other settings than params.yaml's are
    judged alone, unless they have runs in their own folder, or --runs names them. Ends with status
    1 when a run contradicts the settings or the other replicates, and with 2 for settings that
    training would refuse, as for any mistake.
    """
    refuse_contradictions(click.get_current_context(), _CONTRADICTIONS)
    published = paper.load(folders.paper)
    if diff is not None:
        changes = audits.differences(published, *map(load, diff))
        sentences = list(changes)
        print(json.dumps(sentences, indent=2) if as_json
              else "\n".join(sentences) or "no setting differs")  # fmt: skip
        return 0
    if not folders.are_of_variation:
        out = out or folders.out / AUDIT.name
    if not folders.are_of_variation or folders.runs.exists():
        runs = runs or folders.runs
    settings = load(folders.params)
    judged = folders if runs is None else replace(folders, runs=runs)
    audited = run_audit(judged, settings, runs=runs is not None)
    if out is not None:
        table = AUDIT.frame(audited.settings)
        try:
            write_table(out, table)
        except ReplicationError as error:  # as in a folder that can only be read
            print(table_bytes(table).decode())
            print(f"replication: {error}; the table stands above instead", file=sys.stderr)
    departs = strict and any(setting.status == "departs" for setting in audited.settings)
    status = DEPARTS if audited.conflicts or departs else 0
    if as_json:
        print(json.dumps([setting._asdict() for setting in audited.settings], indent=2))
        return status
    print("\n".join(_describe_differences(folders, settings, published)), end="\n\n")
    rows = [
        (setting.id, setting.status, setting.in_force, setting.remark)
        for setting in audited.settings
        if setting.status in ("departs", "contradiction")
    ]
    print("\n".join(_wrap_columns([("setting", "status", "in force", "why"), *rows])))
    counted = Counter(setting.status for setting in audited.settings)
    tally = ", ".join(f"{counted[name]} {name}" for name in get_args(paper.Status))
    alone = "alone" if runs is None else f"and {runs}"
    print(f"{tally}; judged: {folders.params}, {alone}")
    return status
