"""params.yaml as typed, checked, frozen objects: the only place where settings are read.

There are no defaults here: values stand in params.yaml alone, and a missing key is an error.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from replication.errors import ReplicationError

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0, strict=True)]
Seed = Annotated[int, Field(ge=0, strict=True)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Database = Literal["regular", "deslanted", "sixteen"]
Options = dict[str, bool | int | float | str]


class Section(BaseModel):
    """A group of keys: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class Entry(Section):
    """What every experiment has, whatever its system."""

    replicates: Count
    seed: Seed | None

    def training(self) -> dict[str, Any]:
        """The settings that decide a replicate's answers, and no others."""
        return self.model_dump(mode="json", exclude={"replicates"})


class Trained(Entry):
    """What Appendix C trains: a network, its data and how it learns."""

    seed: Seed
    network: Name
    database: Database
    training_patterns: Count
    distorted: Annotated[bool, Field(strict=True)]
    distortions: Distortions
    passes: Count
    presentations_per_pass: Count
    learning_rates: tuple[Positive, ...]
    order: Literal["constant", "fresh"]
    sdlm: Sdlm
    squashing: Squashing
    initialisation: Initialisation
    subsampling: Subsampling
    criterion: Criterion
    streams: Streams

    @model_validator(mode="after")
    def _one_rate_a_pass(self) -> Trained:
        if len(self.learning_rates) != self.passes:
            raise ValueError(
                f"learning_rates has {len(self.learning_rates)} entries but passes is "
                f"{self.passes}; give one learning rate a pass"
            )
        return self

    def training(self) -> dict[str, Any]:
        """The settings that decide a replicate's weights, and no others."""
        unused = {"replicates"} if self.distorted else {"replicates", "distortions"}
        return self.model_dump(mode="json", exclude=unused)

    def presentations(self, patterns: int) -> int:
        """How many patterns a replicate is shown, whatever the database's number of patterns."""
        del patterns
        return self.passes * self.presentations_per_pass


class Recipe(Trained):
    """One experiment that is a network trained by Appendix C."""

    system: Literal["network"]


class Combined(Trained):
    """A system made of networks that Appendix C trains; ``options`` are its module's own."""

    system: Literal["boosted", "last-layer", "noisy"]
    options: Options

    def recipe(self) -> Recipe:
        """How each of its networks is trained."""
        return Recipe(system="network", **dict(self.model_dump(exclude={"system", "options"})))


class Classifier(Entry):
    """A system fitted at once, by a module of replication/systems/classifiers.

    Nothing is merged with ``base``. A ``seed`` of null says that nothing in it is random.
    """

    system: Name
    database: Database
    options: Options

    @model_validator(mode="after")
    def _one_replicate_says_all(self) -> Classifier:
        if self.seed is None and self.replicates != 1:
            raise ValueError(
                f"replicates is {self.replicates}, but with the seed null nothing is random and "
                "all would be the same; set it to 1, or give a seed"
            )
        return self

    def presentations(self, patterns: int) -> int:
        """How many patterns a replicate is fitted to: ``patterns``, those of the database."""
        return patterns


class Modern(Entry):
    """LeNet-5 as usually built today: its entry stands alone, nothing is merged with ``base``."""

    seed: Seed
    system: Literal["modern"]
    database: Literal["regular"]
    epochs: Count
    batch: Count
    learning_rate: Positive

    def presentations(self, patterns: int) -> int:
        """How many patterns a replicate is shown, for a database of ``patterns``."""
        return self.epochs * patterns


CLASSIFIERS = tuple(
    sorted(
        path.stem.replace("_", "-")
        for path in Path(__file__).parent.glob("systems/classifiers/*.py")
        if path.stem != "__init__"
    )
)
SYSTEMS: dict[str, type[Entry]] = {
    "network": Recipe,
    "boosted": Combined,
    "last-layer": Combined,
    "noisy": Combined,
    "modern": Modern,
    **dict.fromkeys(CLASSIFIERS, Classifier),
}
AnyRecipe = Recipe | Combined | Classifier | Modern
ByKind = Annotated[
    Annotated[Recipe, Tag("Recipe")]
    | Annotated[Combined, Tag("Combined")]
    | Annotated[Classifier, Tag("Classifier")]
    | Annotated[Modern, Tag("Modern")],
    Discriminator(lambda entry: _kind(entry)),
]


def _kind(entry: Any) -> str | None:
    """The name of the class of an experiment's entry, by its system; None for no system."""
    if isinstance(entry, Entry):
        return type(entry).__name__
    found = SYSTEMS.get(str(entry.get("system"))) if isinstance(entry, Mapping) else None
    return found.__name__ if found else None


class Train(Section):
    """How the work is spread and what is kept; changes no result."""

    workers: Count
    kept_parameters: Count


class Subjects(Section):
    """Which experiments stand for the paper's LeNet-5 runs."""

    undistorted: Name
    distorted: Name
    hessian_subset: Name


class Compare(Section):
    """What decides a verdict; fixed before the results were seen."""

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


Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


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


class Settings(Section):
    """All of params.yaml; each experiment of a network is merged with ``base``."""

    prepare: Prepare
    base: Recipe
    experiments: dict[Name, ByKind]
    train: Train
    compare: Compare
    variance: dict[Name, Recipe]
    readings: Readings
    collapse: Collapse
    invariance: Invariance

    def experiment(self, name: str) -> AnyRecipe:
        """The experiment called ``name``; ReplicationError when there is none."""
        if name not in self.experiments:
            raise ReplicationError(
                f"there is no experiment '{name}'{_nearest(name, self.experiments)}: params.yaml "
                f"has {', '.join(self.experiments)}"
            )
        return self.experiments[name]


Chosen = TypeVar("Chosen", bound=Section)


def options(kind: type[Chosen], given: Mapping[str, Any], experiment: str) -> Chosen:
    """The ``options`` of an experiment as its module wants them.

    Raises ReplicationError for an unknown, missing or impossible one.
    """
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        place = ("experiments", experiment, "options")
        raise ReplicationError(_sentence(error, "params.yaml", place, kind)) from error


def changed(recipe: Recipe, changes: Mapping[str, str | int | float]) -> Recipe:
    """``recipe`` with other values for some keys, such as ``{"criterion.j": 5.0}``.

    Raises ReplicationError for an unknown key or an impossible value.
    """
    document = recipe.model_dump()
    for path, value in changes.items():
        *groups, key = path.split(".")
        section = document
        for group in groups:
            section = section.get(group, {})
        if key not in section:
            raise ReplicationError(f"params.yaml: there is no setting '{path}': correct it")
        section[key] = value
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        raise ReplicationError(_sentence(error, "params.yaml, readings")) from error


def value_at(section: Section, path: str) -> Any:
    """The value of a key such as ``criterion.j``; ReplicationError when there is none."""
    value: Any = section
    for key in path.split("."):
        if not isinstance(value, Section) or key not in type(value).model_fields:
            raise ReplicationError(f"params.yaml: there is no setting '{path}': correct it")
        value = getattr(value, key)
    return value


def _nearest(word: str, words: Any) -> str:
    found = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean '{found[0]}'?)" if found else ""


def _merge(base: Any, changes: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(changes, Mapping):
        merged = {**base, **changes}
        return {key: _merge(base[key], merged[key]) if key in base else merged[key]
                for key in merged}  # fmt: skip
    return changes


def _complete(base: Mapping[str, Any], changes: Mapping[str, Any]) -> Any:
    kind = SYSTEMS.get(str(changes.get("system", base.get("system"))))
    return changes if kind in (Modern, Classifier) else _merge(base, changes)


def _place(location: tuple[Any, ...]) -> tuple[str, list[str]]:
    """The key as params.yaml writes it, and the keys that may stand beside it."""
    model: Any = Settings
    path = [step for step in location if step != "[key]"]
    below = path
    if path[:1] == ["variance"] and len(path) > 2:
        model, below = Recipe, path[2:]
    if path[:1] == ["experiments"] and len(path) > 2:
        # pydantic puts the kind of entry between an experiment's name and its keys.
        kinds = {kind.__name__: kind for kind in SYSTEMS.values()}
        model, below = kinds[path[2]], path[3:]
        del path[2]
    for step in below[:-1]:
        field = getattr(model, "model_fields", {}).get(step)
        model = field.annotation if field else None
    return ".".join(map(str, path)), list(getattr(model, "model_fields", {}))


def _sentence(
    error: ValidationError,
    source: str,
    above: tuple[str, ...] = (),
    model: type[Section] | None = None,
) -> str:
    """What is wrong; ``model`` was checked, ``above`` is where it stands, if not all settings."""
    # A misspelt key is also a missing one: the first says more.
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    if model is None:
        where, keys = _place(first["loc"])
    else:
        where, keys = ".".join(map(str, (*above, *first["loc"]))), list(model.model_fields)
    if first["type"] == "extra_forbidden":
        nearest = _nearest(str(first["loc"][-1]), keys)
        return f"{source}: unknown key {where}{nearest}: correct or remove it"
    if first["type"] == "missing":
        return f"{source}: the key {where} is missing: add it"
    if first["type"] == "value_error":
        text = str(first["ctx"]["error"])
        return f"{source}: {where}: {text}" if where else f"{source}: {text}"
    rule = re.sub(r"^\w+ (?=should)", "it ", first["msg"])
    return f"{source}: {where} is {first['input']!r}, but {rule}: correct it"


def parse(document: Any, source: str) -> Settings:
    """Check a parsed document; ``source`` is named in messages.

    Raises ReplicationError naming the key, the value and the rule.
    """
    if not isinstance(document, Mapping):
        raise ReplicationError(f"{source} holds no settings: restore it from the repository")
    document = dict(document)
    base = document.get("base")
    for group in ("experiments", "variance"):
        entries = document.get(group)
        if not isinstance(base, Mapping) or not isinstance(entries, Mapping):
            continue
        for name, changes in entries.items():
            if changes is not None and not isinstance(changes, Mapping):
                raise ReplicationError(
                    f"{source}: {group}.{name} is {changes!r}, but it must list the settings "
                    "that differ from base, or be {}: correct it"
                )
            system = str((changes or {}).get("system", base.get("system")))
            if system not in SYSTEMS:
                raise ReplicationError(
                    f"{source}: {group}.{name}.system is {system!r}{_nearest(system, SYSTEMS)}, "
                    f"but there are {', '.join(SYSTEMS)}: correct it"
                )
        document[group] = {
            name: _complete(base, changes or {}) for name, changes in entries.items()
        }
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise ReplicationError(_sentence(error, source)) from error


def load(path: Path) -> Settings:
    """Read and check params.yaml.

    Raises ReplicationError for a missing or malformed file, and for an unknown, missing or
    impossible key, with one sentence that names it.
    """
    try:
        # YAML 1.2: PyYAML would take 1e-05 for a string.
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ReplicationError(f"{path} is missing: restore it from the repository") from error
    except (YAMLError, UnicodeDecodeError) as error:
        detail = " ".join(str(error).split())
        raise ReplicationError(f"{path} is not valid YAML ({detail}): correct it") from error
    return parse(document, str(path))
