"""How images become inputs and how a network learns: the groups of keys of ``base``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from replication.parameters.sections import Count, Database, Positive, Section


class Prepare(Section):
    """How images become inputs (Section II-B, p. 7)."""

    background: Annotated[float, Field(allow_inf_nan=False)]
    foreground: Annotated[float, Field(allow_inf_nan=False)]
    field: Count
    databases: tuple[Database, ...]

    @model_validator(mode="after")
    def _ink_differs_from_paper(self) -> Prepare:
        if self.background == self.foreground:
            raise ValueError("background and foreground are equal, so every image would be blank")
        return self


class Sdlm(Section):
    """Stochastic diagonal Levenberg-Marquardt (Appendix C, pp. 41-42)."""

    mu: Positive
    patterns: Count


class Squashing(Section):
    """A tanh(S a) (Appendix A, p. 41)."""

    amplitude: Positive
    slope: Positive


class Initialisation(Section):
    """Uniform within range / F ** power, F the fan-in (Appendix A, p. 41)."""

    range: Positive
    power: Positive
    biases: Literal["random", "zero"]


class Subsampling(Section):
    """Whether the four inputs are added (p. 7) or averaged (p. 6), and their number as fan-in."""

    reading: Literal["added", "averaged"]
    fan_in: Literal[1, 4]


class Criterion(Section):
    """What is minimised: equation 8 (mle), equation 9 (map) or the squared error, divided."""

    name: Literal["mle", "map", "squared-error"]
    j: Positive
    divisor: Positive


class Streams(Section):
    """Which random streams each replicate has for its own."""

    initialisation: Literal["own", "shared"]
    order: Literal["own", "shared"]
    hessian: Literal["own", "shared"]
    distortions: Literal["own", "shared"]


class Range(Section):
    """A uniform distribution from low to high."""

    low: Annotated[float, Field(allow_inf_nan=False)]
    high: Annotated[float, Field(allow_inf_nan=False)]

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"low is {self.low}, above high, {self.high}; exchange them")
        return self


class Distortions(Section):
    """The distorted patterns (p. 11), their sizes fitted to Figure 7."""

    copies: Count
    inverse_scale: Range
    log_squeeze: Range
    shear: Range
    shift_x: Range
    shift_y: Range
    anchor: Annotated[float, Field(allow_inf_nan=False)]

    @model_validator(mode="after")
    def _scale_is_positive(self) -> Distortions:
        if self.inverse_scale.low <= 0:
            raise ValueError(
                f"inverse_scale.low is {self.inverse_scale.low}; a scale must be greater than 0"
            )
        return self
