"""explain: a claim of the paper, what ours is, and how the verdict comes about."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import click

from replication.comparison.evaluation.metrics import METRICS, read_metrics
from replication.comparison.verdicts.claim_checks import VERDICTS, Verdict, run_checks
from replication.comparison.verdicts.evidence import Evidence, experiments_for
from replication.core.settings import load
from replication.core.settings.loading import suggest_name
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.pipeline.compare import all_checks, read_evidence, read_runs
from replication.pipeline.options import settings_options
from replication.report.tables import ROLES


def list_experiments(verdict: Verdict, evidence: Evidence) -> list[str]:
    """Return the experiments that a verdict is about, as far as claim or entry name any."""
    choices = evidence.choices
    statement = (
        evidence.paper.claims.get(verdict.claim) or evidence.paper.contradictions[verdict.claim]
    )
    named = {part for part in verdict.entry.split(":") if part}
    systems = [name for system, name in choices.systems.items() if system in named]
    known = set(choices.systems.values()) | set(experiments_for(statement, choices))
    exact = [*systems, *(name for name in evidence.metrics if name in named & known)]
    if exact or "systems" in statement.answered_by:
        return exact
    return list(experiments_for(statement, choices))


def describe(verdict: Verdict, evidence: Evidence) -> dict[str, Any]:
    """Return what `explain` says of a verdict, by heading; what there is nothing of is left out."""
    subject, finding = verdict.subject, verdict.finding
    names = list_experiments(verdict, evidence)
    numbers = {
        name: getattr(finding, name)
        for name in ("mean", "sd", "low", "high", "replicates", "power", "power_tenth",
                     "p_equivalence")
        if getattr(finding, name) not in (None, 0)
    }  # fmt: skip
    content = {
        "claim": subject.claim,
        "statement": verdict.name,
        "page": subject.page,
        "published": subject.published,
        "ours": finding.ours,
        "verdict": finding.outcome,
        "reason": finding.reason,
        "role": f"{subject.role}: {ROLES.get(subject.role, '')}".rstrip(": "),
        "numbers": numbers,
        "replicates": {
            name: evidence.metrics[name]["test_error_percent"]["values"]
            for name in names
            if subject.unit == "percent" and name in evidence.metrics
        },
        "files": ["data/paper/claims.yaml", "results/verdicts.csv",
                  *(f"results/runs/{name}" for name in names)],
        "again": [f"python -m replication train {name}" for name in names]
        + ["python -m replication compare"],
    }  # fmt: skip
    return {heading: text for heading, text in content.items() if text}


def write_lines(content: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of what `describe` returns, a heading and its text in each."""
    for heading, text in content.items():
        if isinstance(text, dict):
            text = "; ".join(
                f"{name} " + (", ".join(f"{value:g}" for value in number)
                              if isinstance(number, list) else f"{number:.4g}")
                for name, number in text.items()
            )  # fmt: skip
        elif isinstance(text, list):
            text = "; ".join(text)
        yield f"{heading:<11}{text}"


def select(verdicts: Sequence[Verdict], claim: str) -> list[Verdict]:
    """Return the verdict on ``claim``, or those on the entries of its table.

    Raises ReplicationError for a claim that there is not, naming the most similar one.
    """
    chosen = [
        verdict
        for verdict in verdicts
        if verdict.subject.claim == claim or verdict.subject.claim.startswith(f"{claim}:")
    ]
    if not chosen:
        known = [verdict.subject.claim for verdict in verdicts]
        raise ReplicationError(
            f"there is no claim '{claim}'{suggest_name(claim, known)}: results/{VERDICTS.name} "
            "has them all"
        )
    return chosen


@click.command()
@click.argument("claim")
@click.option("--json", "as_json", is_flag=True, help="A list of objects, for a program.")
@settings_options("runs")
def explain(folders: Folders, claim: str, as_json: bool) -> None:
    """Say how the verdict on CLAIM comes about: published, ours, the rule, files and commands.

    CLAIM is an id of data/paper/claims.yaml, such as lenet5.test-error, or of a row of
    results/verdicts.csv; of a claim that is a table all entries are explained.
    """
    settings, metrics = load(folders.params), read_metrics(folders.results / METRICS)
    runs = read_runs(folders.runs, metrics)
    evidence = read_evidence(folders, settings, metrics, runs, partial=True)
    chosen = select(run_checks(evidence, all_checks()), claim)
    contents = [describe(verdict, evidence) for verdict in chosen]
    if as_json:
        print(json.dumps(contents, indent=2))
        return
    print("\n\n".join("\n".join(write_lines(content)) for content in contents))
