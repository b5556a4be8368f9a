"""The evidence that the verdicts are made from, and what a verdict is.

The evidence is what the files hold, nothing computed. A check that lacks some of it raises
`Unmeasured`, which becomes the verdict `unmeasured`: a missing number is never a pass.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.comparison.paper import CONTRADICTIONS, Claim, Contradiction, Paper, Statement
from replication.core.runs import Answers
from replication.core.settings import Compare
from replication.files import Document, Output, Table

Outcome = Literal["reproduced", "compatible", "differs", "inconclusive", "unmeasured"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

# What a verdict is about, by the kind of its claim.
SORTS = {"count": "numbers", "measured": "numbers", "range": "numbers", "effect": "effects",
         "trend": "statements"}  # fmt: skip


class Unmeasured(Exception):
    """The evidence for a claim is missing; the message says which, and what makes it."""


@dataclass(frozen=True)
class Wording:
    """How a verdict's texts name systems and write large numbers: verdicts.csv by id and power.

    names: by ``system/database`` or experiment; what has none is named by its id.
    spelt_out: 14,440 instead of 1.444e+04.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    spelt_out: bool = False

    def name(self, system: str) -> str:
        """Return the name of a system or an experiment."""
        return self.names.get(system, system)

    def number(self, value: float) -> str:
        """Return a number with four significant digits."""
        text = f"{value:.4g}"
        return f"{float(text):,.0f}" if self.spelt_out and "e+" in text else text


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
        writers: data/writers/counts.json. test_writers: int64 (n,), a number for each writer.
        metrics: results/metrics.json, by experiment.
        histories, answers: one entry for each replicate, by experiment, in the order of the
            metrics.
        studies: what studies and the benchmark have written, by the name of the file.
        seconds: how long each replicate was trained, by experiment; no verdict shows them.
        wording: how the texts of the verdicts name systems.
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
    writers: Mapping[str, Any] = field(default_factory=dict)
    test_writers: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    seconds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    wording: Wording = Wording()

    def metric(self, experiment: str, name: str) -> list[float]:
        """Return the values of ``name``, such as ``test_error_percent``, of each replicate."""
        if experiment not in self.metrics:
            raise _not_run(experiment)
        if name not in self.metrics[experiment]:
            raise Unmeasured(f"results/metrics.json has no {name} of `{experiment}`")
        return [float(value) for value in self.metrics[experiment][name]["values"]]

    def history(self, experiment: str) -> Sequence[pd.DataFrame]:
        """Return the replicates' histories; raise Unmeasured when their passes differ in number."""
        histories = self.histories.get(experiment, ())
        if not histories:
            raise _not_run(experiment)
        if len({len(history) for history in histories}) > 1:
            raise Unmeasured(f"the replicates of `{experiment}` differ in their number of passes")
        return histories

    def require_answers(self, experiment: str) -> Sequence[Answers]:
        """Return the replicates' answers; raise Unmeasured without any."""
        if not self.answers.get(experiment):
            raise _not_run(experiment)
        return self.answers[experiment]

    def study(self, output: Output) -> Any:
        """Return a study's file: a table for a `Table`, a mapping for a `Document`."""
        if output.name not in self.studies:
            raise Unmeasured(f"there is no results/{output.name}: run `{output.made_by}`")
        return self.studies[output.name]


def experiments_for(statement: Statement, choices: Compare) -> tuple[str, ...]:
    """Return the experiments that answer a claim, in the order in which it names their keys."""
    groups = {
        "training_sizes": [name for names in choices.training_sizes.values() for name in names],
        "systems": list(choices.systems.values()),
        **{key: [name] for key, name in choices.experiments},
    }
    return tuple(name for key in statement.answered_by for name in groups[key])


def experiment_for(statement: Statement, choices: Compare) -> str:
    """Return the one experiment that answers a claim; raise ValueError for none or several."""
    (name,) = experiments_for(statement, choices)
    return name


def _not_run(experiment: str) -> Unmeasured:
    return Unmeasured(f"the experiment `{experiment}` has not been run: `dvc repro` trains it")


@dataclass(frozen=True)
class Finding:
    """What the evidence says of a claim.

    Attributes:
        ours: our counterpart of the published number, in words.
        reason: for the outcome, one sentence without its full stop.
        low, high: of the interval that the reason is about.
        replicates: 0 where no run is involved.
        mean, sd: over the replicates, in the claim's unit, where ours is one number for each.
        power: the probability, 0 to 1, of ``differs`` had the truth been ``shift`` away from what
            is published (in its unit; NaN where there is no such number). Where nothing is random
            it is 1 or 0: whether that would not have been ``reproduced``. What is arithmetic, and a
            choice between two statements, has none.
        power_tenth: the same for a tenth of the published number.
        p_equivalence: of two one-sided tests against 1998 as one run of the same spread.
    """

    outcome: Outcome
    ours: str
    reason: str
    low: float | None = None
    high: float | None = None
    replicates: int = 0
    mean: float | None = None
    sd: float | None = None
    shift: float | None = None
    power: float | None = None
    power_tenth: float | None = None
    p_equivalence: float | None = None

    def with_mean_and_sd(self, values: Sequence[float]) -> Self:
        """Return the same with the mean and the standard deviation of the replicates' values."""
        sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
        return replace(self, mean=float(np.mean(values)), sd=sd)


@dataclass(frozen=True)
class Subject:
    """What a verdict is about: a claim, an entry of its table, or a contradiction.

    Attributes:
        claim: ``<claim>``, or ``<claim>:<entry>``. page: several for a contradiction.
        published: `printed`, or the statement. printed: the number or numbers with their unit,
            empty where none is published.
        value: the published number as verdicts.csv has it, which leaves out Figure 6's.
        number: the published number, where it is one, in ``unit``.
        statement, heading: of claims.yaml; a claim without a statement is named by its section.
        about: what an entry is about, in words; empty where its id says it.
    """

    claim: str
    kind: str
    role: str
    page: str
    published: str
    statement: str
    heading: str
    printed: str = ""
    value: float | None = None
    number: float | None = None
    unit: str = ""
    about: str = ""

    @property
    def sort(self) -> str:
        """Return ``numbers``, ``effects`` or ``statements``; empty for a contradiction."""
        return SORTS.get(self.kind, "")

    @property
    def counts(self) -> bool:
        """Return whether the verdict counts: once a number, no notes, no contradictions."""
        return self.role not in ("repeat", "note") and self.kind != "contradiction"

    @classmethod
    def from_claim(
        cls,
        claim: Claim,
        entry: str = "",
        printed: str = "",
        value: float | None = None,
        *,
        number: float | None = None,
        unit: str = "",
        role: str = "",
        about: str = "",
        in_words: str = "",
    ) -> Self:
        """Return the claim itself, or the entry ``<claim>:<entry>`` of its table.

        Without ``printed`` it is ``number`` with its ``unit``, or else the claim's own value.
        ``in_words``: what is published, where it is neither a number nor the claim's statement.
        """
        if value is None and isinstance(claim.value, int | float):
            value = claim.value
        if number is not None:
            printed = printed or f"{number:g} {unit}".rstrip()
        else:
            number, unit = value, unit or claim.unit
        if not printed and not in_words:
            printed = print_value(claim)
        place = claim.section if claim.section[:3] in ("Fig", "App") else f"Section {claim.section}"
        return cls(
            claim=f"{claim.id}:{entry}" if entry else claim.id,
            kind=claim.kind,
            role=role or claim.entry_role(entry),
            page=str(claim.page),
            published=printed or in_words or claim.statement or claim.see,
            statement=claim.statement or place,
            heading=claim.heading,
            printed=printed,
            value=value,
            number=number,
            unit=unit,
            about=about,
        )

    @classmethod
    def from_contradiction(cls, entry: Contradiction) -> Self:
        """Return a place where the paper says two things."""
        return cls(
            claim=entry.id,
            kind="contradiction",
            role=entry.role,
            page=", ".join(map(str, entry.pages)),
            published=entry.statement,
            statement=entry.statement,
            heading=CONTRADICTIONS,
        )


def print_value(claim: Claim) -> str:
    """Return the published value with its unit, empty where there is no value."""
    if claim.value is None:
        return ""
    values = claim.value if isinstance(claim.value, tuple) else (claim.value,)
    return " ".join([" to ".join(f"{value:.15g}" for value in values), claim.unit]).strip()


class Check(NamedTuple):
    """A row of verdicts.csv before it is decided: what it is about, and what decides it."""

    subject: Subject
    judge: Callable[[], Finding]


@dataclass(frozen=True)
class Checks:
    """The checks of one section of the paper or of one study, by claim or contradiction.

    claims: one row of verdicts.csv each. tables: a row for each entry. outputs: the studies' files
    that they need.
    """

    claims: Mapping[str, Callable[[Evidence, Claim], Finding]] = field(default_factory=dict)
    tables: Mapping[str, Callable[[Evidence, Claim], list[Check]]] = field(default_factory=dict)
    contradictions: Mapping[str, Callable[[Evidence, Contradiction], Finding]] = field(
        default_factory=dict
    )
    outputs: tuple[Table | Document, ...] = ()
