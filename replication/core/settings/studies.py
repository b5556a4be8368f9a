"""The stages: how experiments are trained, and how verdicts are reached."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from replication.core.settings.training import (
    Amount,
    Count,
    Level,
    Name,
    Positive,
    Real,
    Section,
    Seed,
)
from replication.reading import quote


def _workers(value: Any) -> Any:
    if value == "auto" or (type(value) is int and value > 0):
        return value
    raise ValueError(f"{quote(value)} is neither auto nor a whole number above 0; correct it")


def _scheduler(value: Any) -> Any:
    if value is None or (isinstance(value, str) and re.fullmatch(r"(tcp|tls|ucx)://.+:\d+", value)):
        return value
    raise ValueError(
        f"{quote(value)} is neither null nor an address as tcp://10.0.0.1:8786; correct it"
    )


class Train(Section):
    """Where the work is done and which files are kept; changes no result."""

    workers: Annotated[Literal["auto"] | int, BeforeValidator(_workers)]
    """Replicates that are trained at the same time; auto: as many as cores and memory hold."""
    engine: Literal["local", "dask"]
    """Threads of this process, or Dask's workers."""
    scheduler: Annotated[str | None, BeforeValidator(_scheduler)]
    """The address of Dask's scheduler; null starts ``workers`` processes on this machine."""
    kept_parameters: Count
    """Networks with more parameters leave their answers, but not their weights."""


class Subjects(Section):
    """The experiments that claims outside Figures 9 to 12 are about."""

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
    """The settings of the verdicts, each fixed before the results that it decides on."""

    confidence: Annotated[Real, Field(gt=0.5, lt=1)]
    """Of every interval, 0 to 1."""
    equivalence_margin_percent: Positive
    """The difference of error rates that count as the same, in percentage points."""
    minimum_replicates: Annotated[int, Field(ge=2, strict=True)]
    """With fewer, a measured claim is inconclusive."""
    least_power: Annotated[Real, Field(gt=0, lt=1)]
    """Agreement says something where the next row of the paper would differ so probably, 0 to 1."""
    informative_factor: Annotated[Real, Field(gt=1)]
    """The factor that stands for the next row where quantities are compared as ratios."""
    best_of: Count
    """The number of "several versions", of which the published error may be the best (p. 10)."""
    roughly: Positive
    """The share by which a value may differ that the paper gives as "roughly" or "about"."""
    negligible_share: Positive
    """The share of a pass, 0 to 1, that costs "next to nothing"."""
    accurate_percent: Positive
    """The error, in percent, up to which recognition counts as accurate (Section III-E)."""
    seed: Seed
    """Of what is simulated."""
    linear_units: dict[str, Name]
    """The linear classifier: ``solved``, ``descended``, and descended with ``sigmoid`` units."""
    experiments: Subjects
    """The experiments that claims outside Figures 9 to 12 are about."""
    training_sizes: dict[Count, tuple[Name, ...]]
    """For each number of training patterns in Figure 6 the experiments that read it."""
    systems: dict[str, Name]
    """For each ``system/database`` of Figures 9 to 12 its experiment; others are unmeasured."""


class Screening(Section):
    """The first, short round of the study of readings, after which the nearest go on."""

    replicates: Annotated[int, Field(ge=2, strict=True)]
    """Of each reading."""
    passes: Count
    """The number of passes."""
    finalists: Count
    """The number of readings that go on."""


Changes = dict[str, Level]


class Readings(Section):
    """The study of what the paper leaves open; its protocol is in paper_notes.md."""

    seed: Seed
    """Of its replicates, another than that of the experiments."""
    replicates: Annotated[int, Field(ge=2, strict=True)]
    """Of each reading that is trained to its end."""
    resolution_points: Positive
    """Standard deviation of a point read from the drawing of Figure 5, in percentage points."""
    printed: Changes
    """The settings that the text prints."""
    library: Changes
    """Those of the authors' library (data/paper/beyond.yaml); every candidate starts from them."""
    criteria: Annotated[tuple[Changes, ...], Field(min_length=1)]
    """Each is tried with every start of the curvature."""
    curvature_starts: Annotated[tuple[Positive, ...], Field(min_length=1)]
    """Second derivatives by every output of F6."""
    ranges: Annotated[tuple[Positive, ...], Field(min_length=1)]
    """Of the initial weights: for each start the one nearest to the published steps is taken."""
    screening: Screening
    """The first round."""
    controls: dict[Name, Changes]
    """Trained with the finalists, never decided for."""
    variations: dict[str, tuple[Level, ...]]
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
    settings: Annotated[dict[str, tuple[Level, ...]], Field(min_length=1)]
    """The values of each key, without the one in force."""


class Multiverse(Section):
    """Random readings of what the paper leaves open."""

    experiment: Name
    """The network that is read."""
    seed: Seed
    """Of the readings and of their training."""
    readings: Count
    """How many, one replicate each."""
    settings: Annotated[dict[str, tuple[Level, ...]], Field(min_length=1)]
    """The values that each key may take, with equal probability."""


class Collapse(Section):
    """The small networks with trainable codes, trained by each criterion (Section II-C, p. 9)."""

    replicates: Count
    """Of each criterion."""
    seed: Seed
    """Of the initial weights and of the order."""
    patterns: Count
    """The number of training patterns, from the first."""
    passes: Count
    """The number of passes."""
    batch: Count
    """Patterns in a step."""
    learning_rate: Positive
    """Of Adam."""


class Invariance(Section):
    """The study of changes to test patterns until they are missed (Section III-E, pp. 15-16)."""

    experiments: Annotated[tuple[Name, ...], Field(min_length=1)]
    """The experiments with the networks that answer; without weights they are left out."""
    replicates: Count
    """The number of each, from the first."""
    patterns: Count
    """The number of test patterns that are changed, from the first."""
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
    noise: tuple[Annotated[Real, Field(ge=0, le=1)], ...]
    """Probabilities that a pixel is inverted, ascending from 0."""
    examples: Count
    """The number of patterns with answers that are kept and drawn, from the first."""
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


class Noncharacters(Section):
    """Images of no digit, shown to LeNet-5 with RBF units and with plain ones (Section II-B)."""

    experiments: dict[Literal["rbf", "plain"], Name]
    """The experiments with the networks that answer."""
    replicates: Count
    """The number of each, from the first."""
    patterns: Count
    """The number of test patterns, from the first, that the images are made of."""
    pitch: Count
    """Pixels from one digit to the next, of which the halves in between are shown."""
    rejected_percent: Annotated[Real, Field(gt=0, lt=100)]
    """Of the test digits, by each network's own threshold."""
    seed: Seed
    """Of the order in which pixels are shuffled."""


class Hypothesis(Section):
    """Why a published number may be another than ours, and the trials that decide it."""

    row: str
    """The published row: a ``system/database`` of Figures 9 to 12, or ``figure6/<patterns>``."""
    like: Name
    """The experiment that the trials start from: a network or a classifier."""
    changes: dict[str, Level]
    """The changes to it in all trials, by keys such as ``options.units``."""
    vary: Annotated[dict[str, tuple[Level, ...]], Field(min_length=1)]
    """The levels whose combinations are tried; the keys of a trial's own are in trials.py."""
    choose: Name
    """``held-out``: the least error on the patterns held out; ``published``: the error on them
    nearest to the published one; or the hypothesis above that decides here too."""
    replicates: Count
    """Of each trial."""
    tested: Literal["chosen", "all"]
    """The trials that train on all patterns and answer the test patterns."""


class Taller(Section):
    """The network slid over a field taller than its own, instead of losing ink (Section III-E)."""

    experiment: Name
    """The experiment with the networks that answer, where there are weights."""
    replicates: Count
    """The number of replicates, from the first."""
    patterns: Count
    """The number of test patterns that are changed, from the first."""
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
        choices = {"held-out", "published"}
        for name, hypothesis in self.hypotheses.items():
            if hypothesis.choose not in choices:
                raise ValueError(
                    f"hypotheses.{name}.choose is {hypothesis.choose}; give held-out, published "
                    "or a hypothesis above it"
                )
            choices.add(name)
        return self
