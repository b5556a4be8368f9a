"""The settings of the stages and of the studies, a group of keys for each."""

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

    # replicates that are trained at the same time; auto: as many as cores and memory hold
    workers: Annotated[Literal["auto"] | int, BeforeValidator(_workers)]
    engine: Literal["local", "dask"]  # threads of this process, or Dask's workers
    # the address of Dask's scheduler; null starts ``workers`` processes on this machine
    scheduler: Annotated[str | None, BeforeValidator(_scheduler)]
    # networks with more parameters leave their answers, but not their weights
    kept_parameters: Count


class Subjects(Section):
    """The experiments that claims outside Figures 9 to 12 are about."""

    undistorted: Name  # LeNet-5 of Section III-B
    distorted: Name  # LeNet-5 trained with distortions
    noisy: Name  # LeNet-5 trained with noise (Section III-E)
    # replicates that differ only in the patterns that the curvatures are estimated on
    hessian_subset: Name
    # what the authors' later library trains, by its settings (beyond the paper)
    library: Name
    # V-SVM of the degree that Figure 12 gives it, another than Figure 9's
    virtual_other_degree: Name


class Compare(Section):
    """The settings of the verdicts, each fixed before the results that it decides on."""

    confidence: Annotated[Real, Field(gt=0.5, lt=1)]  # of every interval, 0 to 1
    # the difference of error rates that count as the same, in percentage points
    equivalence_margin_percent: Positive
    # with fewer, a measured claim is inconclusive
    minimum_replicates: Annotated[int, Field(ge=2, strict=True)]
    # the widest interval, half its width as a share of the number, in which it is compatible
    informative_width: Annotated[Real, Field(gt=0, lt=1)]
    # Figure 8: the share of the other recipe's networks that the measure has to tell apart
    least_power: Annotated[Real, Field(gt=0, lt=1)]
    # the factor that stands for the next row where quantities are compared as ratios
    informative_factor: Annotated[Real, Field(gt=1)]
    # the number of "several versions", of which the published error may be the best (p. 10)
    best_of: Count
    # the share by which a value may differ that the paper gives as "roughly" or "about"
    roughly: Positive
    negligible_share: Positive  # the share of a pass, 0 to 1, that costs "next to nothing"
    # the error, in percent, up to which recognition counts as accurate (Section III-E)
    accurate_percent: Positive
    seed: Seed  # of what is simulated
    # the linear classifier: ``solved``, ``descended``, and descended with ``sigmoid`` units
    linear_units: dict[str, Name]
    experiments: Subjects  # the experiments that claims outside Figures 9 to 12 are about
    # for each number of training patterns in Figure 6 the experiments that read it
    training_sizes: dict[Count, tuple[Name, ...]]
    # for each ``system/database`` of Figures 9 to 12 its experiment; others are unmeasured
    systems: dict[str, Name]


class Screening(Section):
    """The first, short round of the study of readings, after which the nearest go on."""

    replicates: Annotated[int, Field(ge=2, strict=True)]  # of each reading
    passes: Count  # the number of passes
    finalists: Count  # the number of readings that go on


Changes = dict[str, Level]


class Readings(Section):
    """The study of what the paper leaves open; its protocol is in paper_notes.md."""

    seed: Seed  # of its replicates, another than that of the experiments
    # of each reading that is trained to its end
    replicates: Annotated[int, Field(ge=2, strict=True)]
    # standard deviation of a point read from the drawing of Figure 5, in percentage points
    resolution_points: Positive
    printed: Changes  # the settings that the text prints
    # those of the authors' library (data/paper/beyond.yaml); every candidate starts from them
    library: Changes
    # each is tried with every start of the curvature
    criteria: Annotated[tuple[Changes, ...], Field(min_length=1)]
    # second derivatives by every output of F6
    curvature_starts: Annotated[tuple[Positive, ...], Field(min_length=1)]
    # of the initial weights: for each start the one nearest to the published steps is taken
    ranges: Annotated[tuple[Positive, ...], Field(min_length=1)]
    screening: Screening  # the first round
    controls: dict[Name, Changes]  # trained with the finalists, never decided for
    # the other open choices, tried one at a time around the reading that was decided for
    variations: dict[str, tuple[Level, ...]]

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

    replicates: Count  # of each reading
    controls: Count  # of each control


class Plain(Section):
    """One reading for all networks without RBF units, fitted to one published error."""

    experiment: Name  # the network that is trained
    row: str  # the row of Figure 9, ``system/database``, with the error that it is fitted to
    seed: Seed  # of its replicates
    replicates: Count  # of each reading
    changes: dict[str, Level]  # what all readings have, by keys such as ``criterion.divisor``
    # input levels of a white and a black pixel, the nearest to the text first
    levels: tuple[Level, ...]
    ranges: tuple[Positive, ...]  # numerators of the initial range, the nearest to the text first
    passes: tuple[Count, ...]  # with fewer than the experiment has, its rates are thinned out


class Sensitivity(Section):
    """One setting changed at a time."""

    experiment: Name  # the network that the changes start from
    seed: Seed  # of its replicates
    replicates: Count  # of each value
    # the values of each key, without the one in force
    settings: Annotated[dict[str, tuple[Level, ...]], Field(min_length=1)]


class Multiverse(Section):
    """Random readings of what the paper leaves open."""

    experiment: Name  # the network that is read
    seed: Seed  # of the readings and of their training
    readings: Count  # how many, one replicate each
    # the values that each key may take, with equal probability
    settings: Annotated[dict[str, tuple[Level, ...]], Field(min_length=1)]


class Collapse(Section):
    """The small networks with trainable codes, trained by each criterion (Section II-C, p. 9)."""

    replicates: Count  # of each criterion
    seed: Seed  # of the initial weights and of the order
    patterns: Count  # the number of training patterns, from the first
    passes: Count  # the number of passes
    batch: Count  # patterns in a step
    learning_rate: Positive  # of Adam


class Invariance(Section):
    """The study of changes to test patterns until they are missed (Section III-E, pp. 15-16)."""

    # the experiments with the networks that answer; without weights they are left out
    experiments: Annotated[tuple[Name, ...], Field(min_length=1)]
    replicates: Count  # the number of each, from the first
    patterns: Count  # the number of test patterns that are changed, from the first
    seed: Seed  # of the noise
    character_pixels: Count  # the height of a character (p. 7), in which shifts are given
    scale: tuple[Positive, ...]  # factors, ascending, 1 among them
    # heights of a character, ascending from 0; each is tried downwards and upwards
    shift: tuple[Amount, ...]
    rotation: tuple[Amount, ...]  # degrees, ascending from 0; each is tried both ways
    # probabilities that a pixel is inverted, ascending from 0
    noise: tuple[Annotated[Real, Field(ge=0, le=1)], ...]
    examples: Count  # the number of patterns with answers that are kept and drawn, from the first
    pitch: Count  # pixels from one digit of a wide field to the next
    # the test patterns in each wide field, from the left
    fields: tuple[Annotated[tuple[Seed, ...], Field(min_length=1)], ...]

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

    # the experiments with the networks that answer
    experiments: dict[Literal["rbf", "plain"], Name]
    replicates: Count  # the number of each, from the first
    patterns: Count  # the number of test patterns, from the first, that the images are made of
    pitch: Count  # pixels from one digit to the next, of which the halves in between are shown
    # of the test digits, by each network's own threshold
    rejected_percent: Annotated[Real, Field(gt=0, lt=100)]
    seed: Seed  # of the order in which pixels are shuffled


class Hypothesis(Section):
    """Why a published number may be another than ours, and the trials that decide it."""

    # the published row: a ``system/database`` of Figures 9 to 12, or ``figure6/<patterns>``
    row: str
    like: Name  # the experiment that the trials start from: a network or a classifier
    changes: dict[str, Level]  # the changes to it in all trials, by keys such as ``options.units``
    # the levels whose combinations are tried; the keys of a trial's own are in trials.py
    vary: Annotated[dict[str, tuple[Level, ...]], Field(min_length=1)]
    # ``held-out``: the least error on the patterns held out; ``published``: the error on them
    # nearest to the published one; or the hypothesis above that decides here too
    choose: Name
    replicates: Count  # of each trial
    # the trials that train on all patterns and answer the test patterns; none where an experiment
    # with the chosen level is one of those compared
    tested: Literal["none", "chosen", "all"]


class Taller(Section):
    """The network slid over a field taller than its own, instead of losing ink (Section III-E)."""

    experiment: Name  # the experiment with the networks that answer, where there are weights
    replicates: Count  # the number of replicates, from the first
    patterns: Count  # the number of test patterns that are changed, from the first
    field: Count  # lines of the field


class Causes(Section):
    """The study of the published numbers that ours differ from."""

    seed: Seed  # of a random subset of the training patterns
    # errors no further apart than this are the same: the authors' 0.1 and the rounding
    error_points: Positive
    rejected_points: Positive  # the same for rejections
    operations_share: Positive  # the same for multiply-adds, as a share of the published number
    hypotheses: dict[Name, Hypothesis]  # in the order in which they are tried
    taller: Taller  # the field of Section III-E

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
