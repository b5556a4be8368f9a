"""The groups of keys of ``base``: how images become inputs and how a network learns."""

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

    model_config = ConfigDict(frozen=True, extra="forbid")

    def effective(self) -> dict[str, Any]:
        """Return the values as JSON has them, without those at which their field is `Neutral`.

        A group of which nothing is left is left out too.
        """
        result = self.model_dump(mode="json")
        for name, value in self:
            if isinstance(value, Section):
                result[name] = value.effective()
            emptied = isinstance(value, Section) and not result[name]
            if emptied or Neutral(value) in type(self).model_fields[name].metadata:
                del result[name]
        return result


class Prepare(Section):
    """The way from images to inputs (Section II-B, p. 7)."""

    background: Real  # input of a white pixel (p. 7)
    foreground: Real  # input of a black pixel (p. 7)
    field: Count  # side of LeNet-5's input, in pixels (p. 7)
    databases: tuple[Database, ...]  # the versions of MNIST that are made (Section III-A, p. 10)

    @model_validator(mode="after")
    def _ink_differs_from_paper(self) -> Self:
        if self.background == self.foreground:
            raise ValueError("background and foreground are equal, so every image would be blank")
        return self


class Optimiser(Section):
    """The module of replication/core/learning/optimisers that gives the steps, and its options.

    ``sdlm`` is the paper's and has its settings in `Sdlm`; ``sgd`` has none (Appendix C).
    """

    name: Name  # the module's
    options: Options  # its own settings; empty for ``sdlm`` and ``sgd``


class Sdlm(Section):
    """Stochastic diagonal Levenberg-Marquardt (Appendix C, pp. 41-42).

    With an exact start, the criterion's divisor D and mu are one knob: eta (g / D) / (mu + h / D) =
    eta g / (D mu + h). With a number as the start they are two.
    """

    mu: Positive  # keeps the step finite where the second derivative is small (equation 21; p. 10)
    patterns: Count  # the number of patterns for the second derivatives before each pass (p. 10)
    # at random, or the first that the pass presents (library.hessian-patterns)
    patterns_drawn: Literal["random", "consecutive"]
    # the second derivative by every output of the last layer with weights: that of the criterion,
    # its divisor included, or a number for every pattern whatever the divisor (the library: 1)
    curvature_start: Literal["exact"] | Positive
    # of a sub-sampling coefficient: the square of the sum of its four inputs, or the sum of their
    # squares (library.coefficient-curvature)
    coefficient_curvature: Literal["sum_squared", "squares_summed"]


class Squashing(Section):
    """A tanh(S a) (Appendix A, p. 41)."""

    amplitude: Positive  # A (p. 8)
    slope: Positive  # S (p. 41)


class Initialisation(Section):
    """Uniform within range / F ** power, F the fan-in (Appendix A, p. 41)."""

    range: Positive  # the numerator, 2.4 in the paper
    power: Positive  # the exponent of the fan-in: 1 as printed, 0.5 for its square root
    # drawn from the range of the weights, or zero; the paper does not say
    biases: Literal["random", "zero"]
    # of sub-sampling layers: drawn like weights, or range / F ** power (library.coefficients)
    coefficients: Literal["random", "constant"]


def _whole(value: Any) -> Any:
    """Return a value that is no whole number as none that can be: 1 is equal to true and 1.0."""
    return value if type(value) is int else None


class Subsampling(Section):
    """The sum or mean of four inputs, and their number as fan-in."""

    # the four inputs of a unit are added (p. 7) or averaged (p. 6)
    reading: Literal["added", "averaged"]
    # the unit's F for its initial range: four pixels, or one coefficient
    fan_in: Annotated[Literal[1, 4], BeforeValidator(_whole)]

    @property
    def share(self) -> float:
        """The weight of each of the four inputs before the coefficient."""
        return 1.0 if self.reading == "added" else 0.25


class Criterion(Section):
    """The function that is minimised: equation 8 (mle), 9 (map) or the squared error, divided."""

    name: Literal["mle", "map", "squared-error"]  # equation 8, equation 9 or the squared error
    # the factor of the squared distance in a penalty, in equation 9 too: 1 as in equation 7, 0.5 in
    # the authors' library (library.distance)
    distance: Annotated[Positive, Neutral(1.0)]
    j: Positive  # the positive constant of equation 9; the paper gives no value (p. 9)
    # divides the criterion and so its gradient; 1 as printed
    divisor: Annotated[Positive, Neutral(1.0)]

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

    initialisation: Literal["own", "shared"]  # of the initial weights
    order: Literal["own", "shared"]  # of the order in which patterns are presented
    # of the patterns that the second derivatives are estimated on
    hessian: Literal["own", "shared"]
    distortions: Literal["own", "shared"]  # of the distortions and of the noise


class Range(Section):
    """A uniform distribution from low to high."""

    low: Real  # the least value
    high: Real  # the greatest value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low is {self.low}, above high, {self.high}; exchange them")
        return self


class Distortions(Section):
    """The distorted patterns (p. 11), their sizes fitted to Figure 7."""

    copies: Count  # distorted patterns for each original: 9 makes 540,000 of 60,000 (p. 11)
    inverse_scale: Range  # 1 / sqrt(scale_x * scale_y); a scale of 1.2 draws larger digits
    log_squeeze: Range  # ln(scale_x / scale_y)
    shear: Range  # pixels to the right for a pixel downwards
    shift_x: Range  # pixels of the original to the right
    shift_y: Range  # pixels of the original downwards
    anchor: Real  # the line that scaling holds in place, in pixels below the centre of mass

    @model_validator(mode="after")
    def _scale_is_positive(self) -> Self:
        if self.inverse_scale.low <= 0:
            raise ValueError(
                f"inverse_scale.low is {self.inverse_scale.low}; a scale must be greater than 0"
            )
        return self
