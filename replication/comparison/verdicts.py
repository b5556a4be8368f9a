"""One verdict for every claim of the paper that is not a setting, and for its contradictions.

Each claim has one judge: a function of the evidence that gives a finding, or, where the claim is a
whole table, a function that gives a row for each entry. Settings are the audit's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from replication.claims import Claim, Contradiction
from replication.comparison import (
    architecture,
    contradictions,
    curves,
    invariance,
    overlap,
    preprocessing,
    systems,
    training,
)
from replication.comparison.evidence import (
    OUTCOMES,
    Evidence,
    Finding,
    Outcome,
    Row,
    Subject,
    Unmeasured,
    number,
)
from replication.comparison.measured import adjust, judge_percent

COLUMNS = (
    "claim",
    "kind",
    "page",
    "published",
    "replicated",
    "low",
    "high",
    "replicates",
    "verdict",
    "reason",
)
Judge = Callable[[Evidence, Claim], Finding]
Table = Callable[[Evidence, Claim], list[Row]]


@dataclass(frozen=True)
class Verdict:
    """A subject and what the evidence says of it."""

    subject: Subject
    finding: Finding


def _undistorted_error(evidence: Evidence, claim: Claim) -> Finding:
    """The final pass only, never the best pass on the test set."""
    values = evidence.metric(evidence.choices.experiments.undistorted, "test_error_percent")
    return judge_percent(evidence, values, number(claim), test=True)


def _distorted_error(evidence: Evidence, claim: Claim) -> Finding:
    """The final pass only, never the best pass on the test set."""
    values = evidence.metric(evidence.choices.experiments.distorted, "test_error_percent")
    return judge_percent(evidence, values, number(claim), test=True)


JUDGES: Mapping[str, Judge] = {
    "lenet5.c5.convolutional": architecture.judge_convolutional,
    "input.mean": preprocessing.judge_input,
    "input.variance": preprocessing.judge_input,
    "data.train": preprocessing.judge_patterns,
    "data.test": preprocessing.judge_patterns,
    "data.centred": preprocessing.judge_centring,
    "squashing.fixed-points": training.judge_fixed_points,
    "squashing.curvature": training.judge_curvature,
    "loss.collapse": training.judge_collapse,
    "sdlm.subset": training.judge_subset,
    "sdlm.cost": training.judge_cost,
    "lenet5.test-error": _undistorted_error,
    "lenet5.training-error": curves.judge_training_error,
    "lenet5.convergence": curves.judge_convergence,
    "lenet5.no-overtraining": curves.judge_no_overtraining,
    "lenet5.distorted-test-error": _distorted_error,
    "lenet5.training-time": training.judge_time,
    "invariance.scale": invariance.judge,
    "invariance.shift": invariance.judge,
    "invariance.rotation": invariance.judge,
    "boosting.cost": systems.judge_boosting_cost,
}
TABLES: Mapping[str, Table] = {
    "sdlm.rates": training.step_sizes,
    "lenet5.curves": curves.learning_curves,
    "lenet5.training-size": curves.training_sizes,
    "lenet5.misclassified": overlap.rows,
    "systems.error": systems.errors,
    "systems.rejection": systems.rejections,
    "systems.operations": systems.operations,
    "systems.memory": systems.memory,
    "ordering.boosting-best": systems.boosting_best,
    "ordering.rejection-lenet4": systems.on_lenet4,
}
CONTRADICTIONS: Mapping[str, Callable[[Evidence, Contradiction], Finding]] = {
    "paper.pooling": contradictions.judge_pooling,
    "paper.svm": contradictions.judge_support_vectors,
    "paper.mlp": contradictions.judge_hidden_layers,
    "paper.vsvm-degree": contradictions.judge_degree,
    "paper.operations": contradictions.judge_operations,
    "paper.passes": contradictions.judge_passes,
}


def rows_of(evidence: Evidence, claim: Claim) -> list[Row]:
    """The rows of verdicts.csv that a claim has; KeyError for a claim that nobody judges."""
    if claim.id in TABLES:
        return TABLES[claim.id](evidence, claim)
    judge = JUDGES.get(claim.id)
    if judge is None and claim.kind == "count":
        judge = architecture.judge_count
    if judge is None:
        raise KeyError(claim.id)
    return [(Subject.of(claim), partial(judge, evidence, claim))]


def settle(row: Row) -> Verdict:
    """Hear a judge; evidence that is missing makes the verdict `unmeasured`."""
    subject, judge = row
    try:
        return Verdict(subject, judge())
    except Unmeasured as missing:
        return Verdict(subject, Finding("unmeasured", "", str(missing)))


def judge_all(evidence: Evidence) -> list[Verdict]:
    """All verdicts in the order of claims.yaml; Holm's families are its headings."""
    families: dict[str, list[Claim]] = {}
    for claim in evidence.paper.claims.values():
        if claim.kind != "setting":
            families.setdefault(claim.section_group, []).append(claim)
    verdicts: list[Verdict] = []
    for claims in families.values():
        heard = [settle(row) for claim in claims for row in rows_of(evidence, claim)]
        verdicts += _family(heard, evidence)
    for contradiction in evidence.paper.contradictions.values():
        judge = partial(CONTRADICTIONS[contradiction.id], evidence, contradiction)
        verdicts.append(settle((Subject.contradiction(contradiction), judge)))
    return verdicts


def _family(verdicts: Sequence[Verdict], evidence: Evidence) -> list[Verdict]:
    findings = {verdict.subject.claim: verdict.finding for verdict in verdicts}
    adjusted = adjust(findings, evidence.choices)
    return [Verdict(verdict.subject, adjusted[verdict.subject.claim]) for verdict in verdicts]


def tally(verdicts: Iterable[Verdict]) -> dict[Outcome, int]:
    """How many verdicts of each kind there are."""
    counted = Counter(verdict.finding.outcome for verdict in verdicts)
    return {outcome: counted[outcome] for outcome in OUTCOMES}


def as_table(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """The rows of verdicts.csv, with `COLUMNS`; low and high are NaN without an interval."""
    rows = [
        (
            one.subject.claim,
            one.subject.kind,
            one.subject.page,
            one.subject.published,
            one.finding.replicated,
            one.finding.low,
            one.finding.high,
            one.finding.replicates,
            one.finding.outcome,
            one.finding.reason,
        )
        for one in verdicts
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"low": "float64", "high": "float64"})
