"""What is made of the experiments: verdicts, and the studies beside the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from replication.parameters.sections import Amount, Count, Name, Positive, Section, Seed


class Train(Section):
    """How the work is spread and what is kept; changes no result."""

    workers: Count
    kept_parameters: Count


class Subjects(Section):
    """Which experiments stand for runs that claims outside Figures 9 to 12 are about."""

    undistorted: Name
    distorted: Name
    hessian_subset: Name
    virtual_other_degree: Name


class Compare(Section):
    """What decides a verdict; each fixed before the results that it decides on."""

    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    equivalence_margin_percent: Positive
    minimum_replicates: Annotated[int, Field(ge=2, strict=True)]
    informative_margins: Positive
    informative_factor: Annotated[float, Field(gt=1)]
    roughly: Positive
    negligible_share: Positive
    accurate_percent: Positive
    seed: Annotated[int, Field(ge=0, strict=True)]
    experiments: Subjects
    training_sizes: dict[int, tuple[Name, ...]]
    systems: dict[str, Name]


class Scales(Section):
    """A difference from the paper that counts as one, for each kind of evidence."""

    curves_points: Positive
    errors_points: Positive
    steps_decades: Positive


class Readings(Section):
    """The study of what the paper leaves open."""

    replicates: Count
    centres: dict[Name, dict[str, str | int | float]]
    factors: dict[str, tuple[str | int | float, ...]]
    around_first: tuple[str, ...]
    factorial: dict[str, tuple[str | int | float, ...]]
    scales: Scales

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
    seed: Annotated[int, Field(ge=0, strict=True)]
    patterns: Count
    passes: Count
    batch: Count
    learning_rate: Positive


class Invariance(Section):
    """How far a test pattern may be changed until it is missed (Section III-E, pp. 15-16)."""

    experiments: Annotated[tuple[Name, ...], Field(min_length=1)]
    replicates: Count
    patterns: Count
    seed: Seed
    character_pixels: Count
    scale: tuple[Positive, ...]
    shift: tuple[Amount, ...]
    rotation: tuple[Amount, ...]
    noise: tuple[Annotated[float, Field(ge=0, le=1)], ...]
    examples: Count
    pitch: Count
    fields: tuple[Annotated[tuple[Seed, ...], Field(min_length=1)], ...]

    @model_validator(mode="after")
    def _amounts_lead_away_from_no_change(self) -> Invariance:
        for name in ("scale", "shift", "rotation", "noise"):
            amounts = getattr(self, name)
            if list(amounts) != sorted(set(amounts)):
                raise ValueError(f"{name} is {list(amounts)}; put its amounts in ascending order")
            if (1.0 if name == "scale" else 0.0) not in amounts:
                raise ValueError(f"{name} lacks the amount that changes nothing; add it")
        return self
