"""What is made of the experiments: verdicts, and the studies beside the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from replication.settings.sections import Amount, Count, Name, Positive, Section, Seed


class Train(Section):
    """How the work is spread and what is kept; changes no result."""

    workers: Count
    """Replicates that are trained at the same time."""
    kept_parameters: Count
    """Networks with more parameters leave their answers, but not their weights."""


class Subjects(Section):
    """Which experiments stand for runs that claims outside Figures 9 to 12 are about."""

    undistorted: Name
    """LeNet-5 of Section III-B."""
    distorted: Name
    """LeNet-5 trained with distortions."""
    noisy: Name
    """LeNet-5 trained with noise (Section III-E)."""
    hessian_subset: Name
    """Replicates that differ only in the patterns that the curvatures are estimated on."""
    virtual_other_degree: Name
    """V-SVM of the degree that Figure 12 gives it, another than Figure 9's."""


class Compare(Section):
    """What decides a verdict; each fixed before the results that it decides on."""

    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    """Of every interval, 0 to 1."""
    equivalence_margin_percent: Positive
    """What counts as the same error rate, in percentage points."""
    minimum_replicates: Annotated[int, Field(ge=2, strict=True)]
    """With fewer, a measured claim is inconclusive."""
    least_power: Annotated[float, Field(gt=0, lt=1)]
    """Agreement says something where the next row of the paper would differ so probably, 0 to 1."""
    informative_factor: Annotated[float, Field(gt=1)]
    """What stands for the next row where quantities are compared as ratios: so many times."""
    best_of: Count
    """How many "several versions" are, of which the published error may be the best (p. 10)."""
    roughly: Positive
    """How far off a value may be that the paper gives as "roughly" or "about" so much."""
    negligible_share: Positive
    """The share of a pass, 0 to 1, that costs "next to nothing"."""
    accurate_percent: Positive
    """The error, in percent, up to which recognition counts as accurate (Section III-E)."""
    seed: Annotated[int, Field(ge=0, strict=True)]
    """Of what is simulated."""
    linear_units: dict[str, Name]
    """The linear classifier: ``solved``, ``descended``, and descended with ``sigmoid`` units."""
    experiments: Subjects
    """The experiments that claims outside Figures 9 to 12 are about."""
    training_sizes: dict[int, tuple[Name, ...]]
    """For each number of training patterns in Figure 6 the experiments that read it."""
    systems: dict[str, Name]
    """For each ``system/database`` of Figures 9 to 12 its experiment; others are unmeasured."""


class Scales(Section):
    """A difference from the paper that counts as one, for each kind of evidence."""

    curves_points: Positive
    """Of the curves of Figure 5: percentage points, root mean square."""
    errors_points: Positive
    """Of the final errors: percentage points."""
    steps_decades: Positive
    """Of the least and the greatest step size: powers of ten."""


class Readings(Section):
    """The study of what the paper leaves open."""

    replicates: Count
    """Of each reading."""
    centres: dict[Name, dict[str, str | int | float]]
    """What the others are varied around; later centres say what differs from the first."""
    factors: dict[str, tuple[str | int | float, ...]]
    """The levels of each factor, tried one at a time around the last centre."""
    around_first: tuple[str, ...]
    """The factors that are tried one at a time around the first centre too."""
    factorial: dict[str, tuple[str | int | float, ...]]
    """The levels whose combinations are all tried."""
    scales: Scales
    """Differences from the paper that weigh the same."""

    @model_validator(mode="after")
    def _varies_what_has_levels(self) -> Readings:
        first: Mapping[str, object] = next(iter(self.centres.values()), {})
        lacking = sorted({*self.factors, *self.factorial} - set(first))
        if lacking:
            raise ValueError(
                f"the first centre has no {', '.join(lacking)}, which factors or factorial vary; "
                "give every factor a value there"
            )
        unknown = sorted(set(self.around_first) - set(self.factors))
        if unknown:
            raise ValueError(
                f"around_first names {', '.join(unknown)}, which factors gives no levels; add them"
            )
        return self


class Collapse(Section):
    """The small networks with trainable codes, trained by each criterion (Section II-C, p. 9)."""

    replicates: Count
    """Of each criterion."""
    seed: Annotated[int, Field(ge=0, strict=True)]
    """Of the initial weights and of the order."""
    patterns: Count
    """How many patterns are trained on, from the first of the training set."""
    passes: Count
    """How many passes."""
    batch: Count
    """Patterns in a step."""
    learning_rate: Positive
    """Of Adam."""


class Invariance(Section):
    """How far a test pattern may be changed until it is missed (Section III-E, pp. 15-16)."""

    experiments: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Whose networks answer; those without weights are left out."""
    replicates: Count
    """How many of each, from the first."""
    patterns: Count
    """How many test patterns are changed, from the first."""
    seed: Seed
    """Of the noise."""
    character_pixels: Count
    """The height of a character (p. 7), in which shifts are given."""
    scale: tuple[Positive, ...]
    """Factors, ascending, 1 among them."""
    shift: tuple[Amount, ...]
    """Heights of a character, ascending from 0; each is tried downwards and upwards."""
    rotation: tuple[Amount, ...]
    """Degrees, ascending from 0; each is tried both ways."""
    noise: tuple[Annotated[float, Field(ge=0, le=1)], ...]
    """Probabilities that a pixel is inverted, ascending from 0."""
    examples: Count
    """Of how many patterns the answers are kept and drawn, from the first."""
    pitch: Count
    """Pixels from one digit of a wide field to the next."""
    fields: tuple[Annotated[tuple[Seed, ...], Field(min_length=1)], ...]
    """The test patterns in each wide field, from the left."""

    @model_validator(mode="after")
    def _amounts_lead_away_from_no_change(self) -> Invariance:
        for name in ("scale", "shift", "rotation", "noise"):
            amounts = getattr(self, name)
            if list(amounts) != sorted(set(amounts)):
                raise ValueError(f"{name} is {list(amounts)}; put its amounts in ascending order")
            if (1.0 if name == "scale" else 0.0) not in amounts:
                raise ValueError(f"{name} lacks the amount that changes nothing; add it")
        return self
