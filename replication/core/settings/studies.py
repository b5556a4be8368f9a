"""The studies beside the pipeline, a group of keys each."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from replication.core.settings.sections import Amount, Count, Name, Positive, Section, Seed


class Screening(Section):
    """The first, short round of the study of readings, after which the nearest go on."""

    replicates: Annotated[int, Field(ge=2, strict=True)]
    """Of each reading."""
    passes: Count
    """How many of the passes."""
    finalists: Count
    """How many readings go on."""


Changes = dict[str, str | int | float]


class Readings(Section):
    """The study of what the paper leaves open; its protocol is in paper_notes.md."""

    seed: Seed
    """Of its replicates, another than that of the experiments."""
    replicates: Annotated[int, Field(ge=2, strict=True)]
    """Of each reading that is trained to its end."""
    resolution_points: Positive
    """Standard deviation of a point read from the drawing of Figure 5, in percentage points."""
    printed: Changes
    """What the text prints."""
    library: Changes
    """What the authors' library has (data/paper/beyond.yaml); every candidate starts from it."""
    criteria: Annotated[tuple[Changes, ...], Field(min_length=1)]
    """Each is tried with every start of the curvature."""
    curvature_starts: Annotated[tuple[Positive, ...], Field(min_length=1)]
    """Second derivatives by every output of F6."""
    ranges: Annotated[tuple[Positive, ...], Field(min_length=1)]
    """Of the initial weights: for each start the one nearest to the published steps is taken."""
    screening: Screening
    """The first round."""
    controls: dict[Name, Changes]
    """Trained beside the finalists, never decided for."""
    variations: dict[str, tuple[str | int | float, ...]]
    """The other open choices, tried one at a time around the reading that was decided for."""

    @model_validator(mode="after")
    def _candidates_have_what_the_study_varies(self) -> Self:
        needed = {"initialisation.range", "sdlm.curvature_start", "criterion.name"}
        lacking = sorted(needed - set(self.library))
        if lacking:
            raise ValueError(f"library has no {', '.join(lacking)}; give it a value there")
        for criterion in self.criteria:
            if not {"criterion.name", "criterion.j"} <= set(criterion):
                raise ValueError("an entry of criteria needs criterion.name and criterion.j")
        return self


class Tied(Section):
    """The test errors of the readings that fit as well as the adopted one."""

    replicates: Count
    """Of each reading."""
    controls: Count
    """Of each control."""


class Sensitivity(Section):
    """One setting changed at a time."""

    experiment: Name
    """The network that the changes start from."""
    seed: Seed
    """Of its replicates."""
    replicates: Count
    """Of each value."""
    settings: Annotated[dict[str, tuple[str | int | float, ...]], Field(min_length=1)]
    """The values of each key, without the one in force."""


class Multiverse(Section):
    """Random readings of what the paper leaves open."""

    experiment: Name
    """The network that is read."""
    seed: Seed
    """Of the readings and of their training."""
    readings: Count
    """How many, one replicate each."""
    settings: Annotated[dict[str, tuple[str | int | float, ...]], Field(min_length=1)]
    """The values that each key may take, with equal probability."""


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
    def _amounts_lead_away_from_no_change(self) -> Self:
        for name in ("scale", "shift", "rotation", "noise"):
            amounts = getattr(self, name)
            if list(amounts) != sorted(set(amounts)):
                raise ValueError(f"{name} is {list(amounts)}; put its amounts in ascending order")
            if (1.0 if name == "scale" else 0.0) not in amounts:
                raise ValueError(f"{name} lacks the amount that changes nothing; add it")
        return self


Level = int | float | str


class Noncharacters(Section):
    """Images of no digit, shown to LeNet-5 with RBF units and with plain ones (Section II-B)."""

    experiments: dict[Literal["rbf", "plain"], Name]
    """Whose networks answer."""
    replicates: Count
    """How many of each, from the first."""
    patterns: Count
    """How many test patterns, from the first, the images are made of."""
    pitch: Count
    """Pixels from one digit to the next, of which the halves in between are shown."""
    rejected_percent: Annotated[float, Field(gt=0, lt=100)]
    """Of the test digits, by each network's own threshold."""
    seed: Seed
    """Of the order in which pixels are shuffled."""


class Hypothesis(Section):
    """Why a published number may be another than ours, and the trials that decide it."""

    row: str
    """What is published: a ``system/database`` of Figures 9 to 12, or ``figure6/<patterns>``."""
    like: Name
    """The experiment that the trials start from: a network or a classifier."""
    changes: dict[str, Level]
    """What all trials change in it, by keys such as ``options.units``."""
    vary: Annotated[dict[str, tuple[Level, ...]], Field(min_length=1)]
    """The levels whose combinations are tried; the keys of a trial's own are in trials.py."""
    choose: Name
    """``held-out``: the least error on the patterns held out; ``published``: the error on them
    nearest to the published one; or a hypothesis above whose choice holds here too."""
    replicates: Count
    """Of each trial."""
    tested: Literal["chosen", "all"]
    """What is trained on all patterns and answers the test patterns."""


class Taller(Section):
    """The network slid over a field taller than its own, instead of losing ink (Section III-E)."""

    experiment: Name
    """Whose networks answer, as far as there are weights."""
    replicates: Count
    """How many, from the first."""
    patterns: Count
    """How many test patterns are changed, from the first."""
    field: Count
    """Lines of the field."""


class Causes(Section):
    """The study of the published numbers that ours differ from."""

    held_out: Count
    """Training patterns, the last, that choose; the trials that they choose between lack them."""
    seed: Seed
    """Of a random subset of the training patterns."""
    error_points: Positive
    """Errors no further apart than this are the same: the authors' 0.1 and the rounding."""
    rejected_points: Positive
    """The same for rejections."""
    operations_share: Positive
    """The same for multiply-adds, as a share of the published number."""
    hypotheses: dict[Name, Hypothesis]
    """In the order in which they are tried."""
    taller: Taller
    """The field of Section III-E."""

    @model_validator(mode="after")
    def _follows_one_above(self) -> Self:
        known = {"held-out", "published"}
        for name, one in self.hypotheses.items():
            if one.choose not in known:
                raise ValueError(
                    f"hypotheses.{name}.choose is {one.choose}; give held-out, published or a "
                    "hypothesis above it"
                )
            known.add(name)
        return self
