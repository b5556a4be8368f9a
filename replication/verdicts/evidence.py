"""What the verdicts are made from, and what a verdict is.

The evidence is what the files hold, nothing computed; a judge that finds some of it missing raises
`Unmeasured`, which becomes the verdict `unmeasured`: a missing number is never a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.files import Document, Output, Table
from replication.paper import Claim, Contradiction, Paper
from replication.runs import Answers
from replication.settings import Compare
from replication.verdicts.words import Words, filled

Outcome = Literal["reproduced", "differs", "inconclusive", "unmeasured"]
OUTCOMES: tuple[Outcome, ...] = ("reproduced", "differs", "inconclusive", "unmeasured")

VERDICTS = Table(
    "verdicts.csv",
    "python -m replication compare",
    ("claim", "kind", "role", "page", "published", "value", "replicated", "mean", "sd", "low",
     "high", "replicates", "shift", "power", "p_one_run", "p_one_run_holm", "p_mean",
     "p_mean_holm", "p_equivalence", "verdict", "reason"),
)  # fmt: skip


class Unmeasured(Exception):
    """The evidence for a claim is missing; the message says which, and what makes it."""


@dataclass(frozen=True)
class Evidence:
    """What the files hold.

    Attributes:
        paper: data/paper.
        choices: section ``compare`` of params.yaml.
        amplitude, slope: of the squashing function in force.
        counts: exact numbers that follow from the architectures, by claim.
        summary: data/prepared/summary.json.
        labels, images: uint8 (n,) and (n, 28, 28), the test patterns.
        metrics: results/metrics.json, by experiment.
        histories, answers: one entry a replicate, by experiment, in the order of the metrics.
        studies: what studies and the benchmark have written, by the name of the file.
        seconds: how long each replicate was trained, by experiment; no verdict shows them.
    """

    paper: Paper
    choices: Compare
    amplitude: float
    slope: float
    counts: Mapping[str, int]
    summary: Mapping[str, Any]
    labels: NDArray[np.uint8]
    metrics: Mapping[str, Any]
    histories: Mapping[str, Sequence[pd.DataFrame]]
    answers: Mapping[str, Sequence[Answers]]
    studies: Mapping[str, Any] = field(default_factory=dict)
    images: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 28, 28), np.uint8))
    seconds: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def metric(self, experiment: str, name: str) -> list[float]:
        """The values of ``name`` (such as ``test_error_percent``), one a replicate."""
        if experiment not in self.metrics:
            raise Unmeasured(_not_run(experiment))
        if name not in self.metrics[experiment]:
            raise Unmeasured(f"results/metrics.json has no {name} of `{experiment}`")
        return [float(value) for value in self.metrics[experiment][name]["values"]]

    def history(self, experiment: str) -> Sequence[pd.DataFrame]:
        """The histories of the replicates of ``experiment``, all of the same number of passes."""
        histories = self.histories.get(experiment, ())
        if not histories:
            raise Unmeasured(_not_run(experiment))
        if len({len(history) for history in histories}) > 1:
            raise Unmeasured(f"the replicates of `{experiment}` differ in their number of passes")
        return histories

    def answered(self, experiment: str) -> Sequence[Answers]:
        """The answers of the replicates of ``experiment``."""
        if not self.answers.get(experiment):
            raise Unmeasured(_not_run(experiment))
        return self.answers[experiment]

    def study(self, output: Output) -> Any:
        """What a study has written: a table for a `Table`, a mapping for a `Document`."""
        if output.name not in self.studies:
            raise Unmeasured(f"there is no results/{output.name}: run `{output.made_by}`")
        return self.studies[output.name]


def _not_run(experiment: str) -> str:
    return f"the experiment `{experiment}` has not been run: `dvc repro` trains it"


@dataclass(frozen=True)
class Tests:
    """The p values behind a verdict on a published number; Holm adjusts them by family.

    one_run: that one more run lies as far off. mean: that the mean is the published number.
    equivalence: that the mean is a margin or more away from it (not adjusted: small is agreement).
    """

    one_run: float
    mean: float
    equivalence: float
    one_run_holm: float | None = None
    mean_holm: float | None = None


@dataclass(frozen=True)
class Finding:
    """What the evidence says, in numbers.

    words are the texts that show it; their gaps are for the numbers below and those in ``facts``.
    mean and sd are over the replicates, in the unit of the claim, where ours is one number a
    replicate; low and high belong to what the reason says; replicates is 0 where no run is
    involved. power: the probability, 0 to 1, of ``differs`` had the truth been ``shift`` away from
    what is published (in its unit; NaN where there is no such number). Where nothing is random it
    is 1 or 0, whether that would not have been ``reproduced``; what is arithmetic, and a choice
    between two statements, has none.
    """

    outcome: Outcome
    words: Words
    facts: Mapping[str, Any] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    replicates: int = 0
    tests: Tests | None = None
    mean: float | None = None
    sd: float | None = None
    shift: float | None = None
    power: float | None = None

    @property
    def replicated(self) -> str:
        """What ours is, to show."""
        return filled(self.words.ours, {**vars(self), **self.facts})

    @property
    def reason(self) -> str:
        """Why the outcome is what it is, in one sentence."""
        return filled(self.words.reason, {**vars(self), **self.facts})

    def over(self, values: Sequence[float]) -> Finding:
        """The same, with the mean and the standard deviation of ``values``, one a replicate."""
        sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
        return replace(self, mean=float(np.mean(values)), sd=sd)


@dataclass(frozen=True)
class Subject:
    """What a verdict is about: a claim or one entry of its table.

    page and published as shown; value is the published number, where it is one.
    """

    claim: str
    kind: str
    role: str
    page: str
    published: str
    value: float | None = None

    @classmethod
    def of(
        cls,
        claim: Claim,
        entry: str = "",
        published: str = "",
        value: float | None = None,
        role: str = "",
    ) -> Subject:
        """The claim itself, or the entry ``<claim>:<entry>`` of its table."""
        if value is None and isinstance(claim.value, int | float):
            value = claim.value
        return cls(
            f"{claim.id}:{entry}" if entry else claim.id,
            claim.kind,
            role or claim.role_of(entry),
            str(claim.page),
            published or printed(claim),
            value,
        )

    @classmethod
    def contradiction(cls, one: Contradiction) -> Subject:
        """A place where the paper says two things."""
        pages = ", ".join(str(page) for page in one.pages)
        return cls(one.id, "contradiction", one.role, pages, one.statement)


# A row of verdicts.csv, before its judge is heard.
Row = tuple[Subject, Callable[[], Finding]]
Judge = Callable[[Evidence, Claim], Finding]
Entries = Callable[[Evidence, Claim], list[Row]]


@dataclass(frozen=True)
class Judges:
    """Who judges what, in one section of the paper or one study.

    claims: by claim, for those that are one row of verdicts.csv. tables: by claim, for those with a
    row an entry. contradictions: by contradiction. evidence: the outputs that they look at.
    """

    claims: Mapping[str, Judge] = field(default_factory=dict)
    tables: Mapping[str, Entries] = field(default_factory=dict)
    contradictions: Mapping[str, Callable[[Evidence, Contradiction], Finding]] = field(
        default_factory=dict
    )
    evidence: tuple[Table | Document, ...] = ()


def printed(claim: Claim) -> str:
    """The published value as text, with its unit; the statement where there is no value."""
    if claim.value is None:
        return claim.statement or claim.see
    values = claim.value if isinstance(claim.value, tuple) else (claim.value,)
    return " ".join([" to ".join(f"{value:.15g}" for value in values), claim.unit]).strip()
