"""What all groups of keys in params.yaml are, and the kinds of values in them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    model_validator,
)

# Numbers are strict: true is no 1, and '15000' no 15000. A whole number may stand for a real one.
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[Real, Field(gt=0)]
Count = Annotated[int, Field(gt=0, strict=True)]
Seed = Annotated[int, Field(ge=0, strict=True)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Database = Literal["regular", "deslanted", "sixteen", "cropped", "sixteen-boxed"]
Options = dict[str, StrictBool | StrictInt | StrictFloat | str]
Amount = Annotated[Real, Field(ge=0)]
Level = StrictInt | StrictFloat | str


class Neutral(NamedTuple):
    """Says in a field's declaration at which value the field changes nothing.

    `Section.effective` leaves the field out there, so that a setting that is added with the value
    that it always had makes no replicate stale.
    """

    value: Any


class Section(BaseModel):
    """A group of keys: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def effective(self) -> dict[str, Any]:
        """Return the values as JSON has them, without those at which their field is `Neutral`.

        A group of which nothing is left is left out too.
        """
        neutral = {
            name
            for name, field in type(self).model_fields.items()
            if Neutral(getattr(self, name)) in field.metadata
        }
        below = {
            name: value.effective()
            for name, value in self
            if isinstance(value, Section) and name not in neutral
        }
        rest = self.model_dump(mode="json", exclude=neutral | set(below))
        return rest | {name: group for name, group in below.items() if group}


class Prepare(Section):
    """The way from images to inputs (Section II-B, p. 7)."""

    background: Real
    """Input of a white pixel (p. 7)."""
    foreground: Real
    """Input of a black pixel (p. 7)."""
    field: Count
    """Side of LeNet-5's input, in pixels (p. 7)."""
    databases: tuple[Database, ...]
    """The versions of MNIST that are made (Section III-A, p. 10)."""

    @model_validator(mode="after")
    def _ink_differs_from_paper(self) -> Self:
        if self.background == self.foreground:
            raise ValueError("background and foreground are equal, so every image would be blank")
        return self


class Optimiser(Section):
    """The module of replication/core/learning/optimisers that gives the steps, and its options.

    ``sdlm`` is the paper's and has its settings in `Sdlm`; ``sgd`` has none: the learning rate is
    the step of every parameter (Appendix C's point of comparison).
    """

    name: Name
    """The module's."""
    options: Options
    """Its own settings; empty for ``sdlm`` and ``sgd``."""


class Sdlm(Section):
    """Stochastic diagonal Levenberg-Marquardt (Appendix C, pp. 41-42).

    With an exact start, the criterion's divisor D and mu are one knob: eta (g / D) / (mu + h / D) =
    eta g / (D mu + h). With a number as the start they are two.
    """

    mu: Positive
    """Keeps the step finite where the second derivative is small (equation 21; p. 10)."""
    patterns: Count
    """The number of patterns for the second derivatives before each pass (p. 10)."""
    patterns_drawn: Literal["random", "consecutive"]
    """At random, or the first that the pass presents (library.hessian-patterns)."""
    curvature_start: Literal["exact"] | Positive
    """The second derivative by every output of the last layer with weights: that of the criterion,
    its divisor included, or a number for every pattern whatever the divisor (the library: 1)."""
    coefficient_curvature: Literal["sum_squared", "squares_summed"]
    """Of a sub-sampling coefficient: the square of the sum of its four inputs
    (library.coefficient-curvature), or the sum of their squares."""


class Squashing(Section):
    """A tanh(S a) (Appendix A, p. 41)."""

    amplitude: Positive
    """A (p. 8)."""
    slope: Positive
    """S (p. 41)."""


class Initialisation(Section):
    """Uniform within range / F ** power, F the fan-in (Appendix A, p. 41)."""

    range: Positive
    """The numerator, 2.4 in the paper."""
    power: Positive
    """The exponent of the fan-in: 1 as printed, 0.5 for its square root."""
    biases: Literal["random", "zero"]
    """Drawn from the range of the weights, or zero; the paper does not say."""
    coefficients: Literal["random", "constant"]
    """Of sub-sampling layers: drawn like weights, or range / F ** power (library.coefficients)."""


def _whole(value: Any) -> Any:
    """Return a value that is no whole number as none that can be: 1 is equal to true and 1.0."""
    return value if type(value) is int else None


class Subsampling(Section):
    """The sum or mean of four inputs, and their number as fan-in."""

    reading: Literal["added", "averaged"]
    """The four inputs of a unit are added (p. 7) or averaged (p. 6)."""
    fan_in: Annotated[Literal[1, 4], BeforeValidator(_whole)]
    """The unit's F for its initial range: four pixels, or one coefficient."""

    @property
    def share(self) -> float:
        """The weight of each of the four inputs before the coefficient."""
        return 1.0 if self.reading == "added" else 0.25


class Criterion(Section):
    """The function that is minimised: equation 8 (mle), 9 (map) or the squared error, divided."""

    name: Literal["mle", "map", "squared-error"]
    """Equation 8, equation 9 or the squared error."""
    distance: Annotated[Positive, Neutral(1.0)]
    """The factor of the squared distance in a penalty, in equation 9 too: 1 as in equation 7, 0.5
    in the authors' library (library.distance)."""
    j: Positive
    """The positive constant of equation 9; the paper gives no value (p. 9)."""
    divisor: Annotated[Positive, Neutral(1.0)]
    """Divides the criterion and so its gradient; 1 as printed."""

    @property
    def unused(self) -> frozenset[str]:
        """The keys that have no effect on this criterion."""
        of_name = {"map": (), "mle": ("j",), "squared-error": ("j", "distance")}
        return frozenset(of_name[self.name])


class Rules(NamedTuple):
    """The settings of what a network computes with its table of layers and its parameters."""

    squashing: Squashing
    subsampling: Subsampling
    criterion: Criterion

    @classmethod
    def stated(cls, settings: Mapping[str, Any]) -> Self:
        """Return the rules among a record's settings; KeyError or ValidationError for none."""
        return cls(
            Squashing.model_validate(settings["squashing"]),
            Subsampling.model_validate(settings["subsampling"]),
            Criterion.model_validate(settings["criterion"]),
        )


class Streams(Section):
    """The random streams that each replicate has for its own, or shares."""

    initialisation: Literal["own", "shared"]
    """Of the initial weights."""
    order: Literal["own", "shared"]
    """Of the order in which patterns are presented."""
    hessian: Literal["own", "shared"]
    """Of the patterns that the second derivatives are estimated on."""
    distortions: Literal["own", "shared"]
    """Of the distortions and of the noise."""


class Range(Section):
    """A uniform distribution from low to high."""

    low: Real
    """The least value."""
    high: Real
    """The greatest value."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low is {self.low}, above high, {self.high}; exchange them")
        return self


class Distortions(Section):
    """The distorted patterns (p. 11), their sizes fitted to Figure 7."""

    copies: Count
    """Distorted patterns for each original: 9 makes 540,000 of 60,000 (p. 11)."""
    inverse_scale: Range
    """1 / sqrt(scale_x * scale_y); a scale of 1.2 draws larger digits."""
    log_squeeze: Range
    """ln(scale_x / scale_y)."""
    shear: Range
    """Pixels to the right for a pixel downwards."""
    shift_x: Range
    """Pixels of the original to the right."""
    shift_y: Range
    """Pixels of the original downwards."""
    anchor: Real
    """The line that scaling holds in place, in pixels below the centre of mass."""

    @model_validator(mode="after")
    def _scale_is_positive(self) -> Self:
        if self.inverse_scale.low <= 0:
            raise ValueError(
                f"inverse_scale.low is {self.inverse_scale.low}; a scale must be greater than 0"
            )
        return self
