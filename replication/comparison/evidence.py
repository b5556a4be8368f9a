"""What the verdicts are made from, and what a verdict is.

The evidence is what the files hold, nothing computed; a judge that finds some of it missing raises
`Unmeasured`, which becomes the verdict `unmeasured`: a missing number is never a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.claims import Claim, Contradiction
from replication.paper import Paper
from replication.runs import Answers

Outcome = Literal["reproduced", "differs", "inconclusive", "unmeasured"]
OUTCOMES: tuple[Outcome, ...] = ("reproduced", "differs", "inconclusive", "unmeasured")


class Unmeasured(Exception):
    """The evidence for a claim is missing; the message says which, and what makes it."""


class Experiments(Protocol):
    """Which experiment answers for which of the paper's networks."""

    @property
    def undistorted(self) -> str:
        """LeNet-5 of Section III-B."""

    @property
    def distorted(self) -> str:
        """LeNet-5 trained with distortions."""

    @property
    def hessian_subset(self) -> str:
        """Replicates that differ only in the patterns that the curvatures are estimated on."""

    @property
    def virtual_other_degree(self) -> str:
        """V-SVM of the degree that Figure 12 gives it, another than Figure 9's."""


class Choices(Protocol):
    """The section ``compare`` of params.yaml: how verdicts are reached, fixed beforehand."""

    @property
    def confidence(self) -> float:
        """Of every interval, 0 to 1."""

    @property
    def equivalence_margin_percent(self) -> float:
        """What counts as the same error rate, in percentage points."""

    @property
    def minimum_replicates(self) -> int:
        """With fewer, a measured claim is inconclusive; 2 at least."""

    @property
    def informative_margins(self) -> float:
        """Half an interval that is longer than this many margins decides nothing."""

    @property
    def informative_factor(self) -> float:
        """The same for quantities that are compared as ratios: half the interval as a factor."""

    @property
    def roughly(self) -> float:
        """How far off a value may be that the paper gives as "roughly" so much."""

    @property
    def negligible_share(self) -> float:
        """The share of a pass, 0 to 1, that costs "next to nothing"."""

    @property
    def accurate_percent(self) -> float:
        """The error, in percent, up to which recognition counts as accurate (Section III-E)."""

    @property
    def seed(self) -> int:
        """Of the bootstrap."""

    @property
    def experiments(self) -> Experiments:
        """The experiments of Section III-B."""

    @property
    def training_sizes(self) -> Mapping[int, Sequence[str]]:
        """For each number of training patterns in Figure 6 the experiments that read it."""

    @property
    def systems(self) -> Mapping[str, str]:
        """For ``system/database`` of Figures 9 to 12 the experiment; others are unmeasured."""


@dataclass(frozen=True)
class Evidence:
    """What the files hold.

    Attributes:
        paper: data/paper.
        choices: section ``compare`` of params.yaml.
        amplitude, slope: of the squashing function in force.
        counts: exact numbers that follow from the architectures, by claim.
        summary: data/prepared/summary.json.
        labels: uint8 (n,), the test labels.
        metrics: results/metrics.json, by experiment.
        histories, answers: one entry a replicate, by experiment, in the order of the metrics.
        bench: results/bench.json: ``curvature_share_of_pass``, 0 to 1, and
            ``microseconds_per_pattern``.
        readings: results/readings.csv: ``factor``, ``level``, ``rms_low``, ``rms_high`` in points.
        collapse: results/collapse.json: for ``mle`` and ``map`` the list ``code_spread``, the least
            distance between two trained codes as a share of the one before training, a number a
            replicate.
    """

    paper: Paper
    choices: Choices
    amplitude: float
    slope: float
    counts: Mapping[str, int]
    summary: Mapping[str, Any]
    labels: NDArray[np.uint8]
    metrics: Mapping[str, Any]
    histories: Mapping[str, Sequence[pd.DataFrame]]
    answers: Mapping[str, Sequence[Answers]]
    bench: Mapping[str, Any] | None = None
    readings: pd.DataFrame | None = None
    collapse: Mapping[str, Any] | None = None
    invariance: pd.DataFrame | None = None

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


@dataclass(frozen=True)
class Finding:
    """What the evidence says: numbers as text to show, the interval as numbers.

    low and high belong to what the reason says; replicates is 0 where no run is involved.
    """

    outcome: Outcome
    replicated: str
    reason: str
    low: float | None = None
    high: float | None = None
    replicates: int = 0
    tests: Tests | None = None


@dataclass(frozen=True)
class Subject:
    """What a verdict is about: a claim or one entry of its table; page and published as shown."""

    claim: str
    kind: str
    page: str
    published: str

    @classmethod
    def of(cls, claim: Claim, entry: str = "", published: str = "") -> Subject:
        """The claim itself, or the entry ``<claim>:<entry>`` of its table."""
        name = f"{claim.id}:{entry}" if entry else claim.id
        return cls(name, claim.kind, str(claim.page), published or printed(claim))

    @classmethod
    def contradiction(cls, contradiction: Contradiction) -> Subject:
        """A place where the paper says two things."""
        pages = ", ".join(str(page) for page in contradiction.pages)
        return cls(contradiction.id, "contradiction", pages, contradiction.statement)


Row = tuple[Subject, Callable[[], Finding]]


def printed(claim: Claim) -> str:
    """The published value as text, with its unit; the statement where there is no value."""
    if claim.value is None:
        return claim.statement or claim.see
    values = claim.value if isinstance(claim.value, tuple) else (claim.value,)
    return " ".join([" to ".join(f"{value:.15g}" for value in values), claim.unit]).strip()


def number(claim: Claim) -> float:
    """The one published value of a claim. ValueError when it has none or several."""
    if claim.value is None or isinstance(claim.value, tuple):
        raise ValueError(f"{claim.id} has no single value")
    return claim.value
