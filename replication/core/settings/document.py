"""All of params.yaml, and the sentence that says what is wrong with it."""

import difflib
import re
from typing import Any

from pydantic import ValidationError

from replication.core.settings.recipes import (
    AnyRecipe,
    ByKind,
    Classifier,
    Combined,
    Modern,
    Recipe,
)
from replication.core.settings.sections import Name, Section
from replication.core.settings.stages import Compare, Train
from replication.core.settings.studies import (
    Causes,
    Collapse,
    Invariance,
    Multiverse,
    Noncharacters,
    Readings,
    Sensitivity,
    Tied,
)
from replication.core.settings.training import Prepare
from replication.errors import ReplicationError

# What the value of an option may be.
_KINDS = ("bool", "int", "float", "str")


class Settings(Section):
    """All of params.yaml; each experiment of a network is merged with ``base``."""

    prepare: Prepare
    """How images become inputs."""
    base: Recipe
    """What experiments differ from."""
    experiments: dict[Name, ByKind]
    """All experiments, by name."""
    train: Train
    """How the work is spread."""
    compare: Compare
    """How verdicts are reached."""
    variance: dict[Name, Recipe]
    """The study of what makes replicates differ."""
    readings: Readings
    """The study of what the paper leaves open."""
    tied: Tied
    """The test errors of the readings that fit as well."""
    sensitivity: Sensitivity
    """The study of single settings."""
    multiverse: Multiverse
    """The study of random readings."""
    collapse: Collapse
    """The study of trainable codes."""
    invariance: Invariance
    """The study of changed patterns."""
    noncharacters: Noncharacters
    """The study of images of no digit."""
    causes: Causes
    """The study of the published numbers that ours differ from."""

    def experiment(self, name: str) -> AnyRecipe:
        """The experiment called ``name``; ReplicationError when there is none."""
        if name not in self.experiments:
            hint = did_you_mean(name, self.experiments)
            raise ReplicationError(
                f"there is no experiment '{name}'{hint}: params.yaml has "
                f"{', '.join(self.experiments)}"
            )
        return self.experiments[name]


def did_you_mean(word: str, words: Any) -> str:
    """The one of ``words`` that is most like ``word``, as a question; empty when none is."""
    nearest = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean '{nearest[0]}'?)" if nearest else ""


def _place(location: tuple[Any, ...]) -> tuple[str, list[str]]:
    """The key as params.yaml writes it, and the keys that may stand beside it."""
    model: Any = Settings
    path = [step for step in location if step != "[key]"]
    below = path
    if path[:1] == ["variance"] and len(path) > 2:
        model, below = Recipe, path[2:]
    if path[:1] == ["experiments"] and len(path) > 2:
        # pydantic puts the kind of entry between an experiment's name and its keys.
        kinds = {kind.__name__: kind for kind in (Recipe, Combined, Classifier, Modern)}
        model, below = kinds[path[2]], path[3:]
        del path[2]
    if "options" in path and path[-1] in _KINDS:
        del path[-1]  # pydantic tries one kind of value after the other
    for step in below[:-1]:
        field = getattr(model, "model_fields", {}).get(step)
        model = field.annotation if field else None
    return ".".join(map(str, path)), list(getattr(model, "model_fields", {}))


def sentence(
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
        nearest = did_you_mean(str(first["loc"][-1]), keys)
        return f"{source}: unknown key {where}{nearest}: correct or remove it"
    if first["type"] == "missing":
        return f"{source}: the key {where} is missing: add it"
    if first["type"] == "value_error":
        text = str(first["ctx"]["error"])
        return f"{source}: {where}: {text}" if where else f"{source}: {text}"
    rule = re.sub(r"^\w+ (?=should)", "it ", first["msg"])
    if first["type"] == "string_pattern_mismatch":
        rule = "a name has small letters and digits, with single hyphens between, as lenet5-fresh"
        where = where.rpartition(".")[0] or where if "[key]" in first["loc"] else where
        return f"{source}: {where} names {first['input']!r}, but {rule}: rename it"
    if first["loc"][-1] in _KINDS:
        rule = "it should be a number, a word, true or false"
    return f"{source}: {where} is {first['input']!r}, but {rule}: correct it"
