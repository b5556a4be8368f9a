"""compare: the metrics beside data/paper, to results/verdicts.csv and results/misclassified.csv."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from replication import studies
from replication.comparison import paper
from replication.comparison.evaluation.metrics import METRICS, read_metrics
from replication.comparison.verdicts import claim_checks, tables
from replication.comparison.verdicts.claim_checks import Verdict
from replication.comparison.verdicts.counts import count_architectures
from replication.comparison.verdicts.evidence import Checks, Evidence
from replication.core.mnist import databases
from replication.core.mnist.writers import read_test_writers
from replication.core.runs import ANSWERS, HISTORY, TIMING, Run, experiment_runs
from replication.core.settings import Settings, load
from replication.files import read_json
from replication.folders import Folders, folder_options
from replication.studies.variance import CURVES, SPREAD, tabulate_spread

DIFFERS, INCOMPLETE = 1, 3


def all_checks() -> Checks:
    """Return the checks of the paper's sections and those of the studies."""
    return claim_checks.merge_checks(
        [*claim_checks.SECTIONS, *(module.CHECKS for module in studies.load_modules("verdict"))]
    )


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


def run(folders: Folders, settings: Settings) -> list[Verdict]:
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


def summary(verdicts: Sequence[Verdict]) -> str:
    """Return the measured claims as a short table, then the tally."""
    lines = [
        f"{verdict.finding.outcome:<13}{verdict.subject.claim:<60}"
        f"{textwrap.shorten(verdict.subject.published, 24, placeholder=' ...'):<26}"
        f"{verdict.finding.ours}"
        for verdict in verdicts
        if verdict.finding.outcome != "unmeasured"
    ]
    counted = ", ".join(
        f"{number} {outcome}" for outcome, number in claim_checks.tally(verdicts).items()
    )
    return "\n".join([*lines, counted])


@click.command()
@folder_options("params", "runs", "out")
@click.option("--allow-incomplete", is_flag=True, help="Unmeasured claims are no failure.")
@click.option("--strict", is_flag=True, help="End with status 1 when a claim differs.")
def command(folders: Folders, allow_incomplete: bool, strict: bool) -> int:
    """Give a verdict on every claim of the paper, from the runs and the studies' files.

    A claim whose file is not there is unmeasured, and its verdict names the command that makes the
    file. Ends with status 3 when a claim is unmeasured, unless that is allowed.
    """
    verdicts = run(folders, load(folders.params))
    print(summary(verdicts))
    return exit_status(verdicts, allow_incomplete=allow_incomplete, strict=strict)
