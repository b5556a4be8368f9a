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
    Plain,
    Readings,
    Sensitivity,
    Tied,
)
from replication.core.settings.training import Prepare
from replication.errors import ReplicationError
from replication.reading import quote, shorten

# What pydantic puts below a key whose value may be of several kinds: the kind that it tried.
_KIND = re.compile(r"(bool|int|float|str|constrained-\w+|literal\[.*\]|function-.*)")


class Settings(Section):
    """All of params.yaml; each experiment of a network is merged with ``base``."""

    prepare: Prepare
    """The way from images to inputs."""
    base: Recipe
    """The settings that experiments differ from."""
    experiments: dict[Name, ByKind]
    """All experiments, by name."""
    train: Train
    """Where the work is done."""
    compare: Compare
    """The rules of verdicts."""
    variance: dict[Name, Recipe]
    """The study of what makes replicates differ."""
    readings: Readings
    """The study of what the paper leaves open."""
    plain: Plain
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
        """Return the experiment called ``name``; ReplicationError when there is none."""
        if name not in self.experiments:
            hint = suggest_name(name, self.experiments)
            raise ReplicationError(
                f"there is no experiment '{name}'{hint}: params.yaml has "
                f"{', '.join(self.experiments)}"
            )
        return self.experiments[name]


def suggest_name(word: str, words: Any) -> str:
    """Return the most similar of ``words`` to ``word``, as a question; empty without one."""
    nearest = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean '{nearest[0]}'?)" if nearest else ""


def _place(location: tuple[Any, ...]) -> tuple[str, list[str]]:
    """Return the key as params.yaml writes it, and the keys that its group may have."""
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
    for step in below[:-1]:
        field = getattr(model, "model_fields", {}).get(step)
        model = field.annotation if field else None
    return ".".join(map(str, path)), list(getattr(model, "model_fields", {}))


def _without_kind(location: tuple[Any, ...]) -> tuple[Any, ...]:
    if location and _KIND.fullmatch(str(location[-1])):
        return location[:-1]
    return location


def explain_error(
    error: ValidationError,
    source: str,
    above: tuple[str, ...] = (),
    model: type[Section] | None = None,
) -> str:
    """Say what is wrong with all settings, or with ``model``, which stands at ``above``.

    However long a key or a value is, at most 80 characters of it are shown.
    """
    said = re.sub(r"\S{81,}", lambda word: shorten(word[0]), _explain(error, above, model))
    return f"{source}: {said}"


def _explain(error: ValidationError, above: tuple[str, ...], model: type[Section] | None) -> str:
    # A misspelt key is also a missing one: the first says more.
    errors = error.errors()
    first = min(errors, key=lambda one: one["type"] != "extra_forbidden")
    place = _without_kind(first["loc"])
    if model is None:
        where, keys = _place(place)
    else:
        where, keys = ".".join(map(str, (*above, *place))), list(model.model_fields)
    if first["type"] == "extra_forbidden":
        nearest = suggest_name(str(first["loc"][-1]), keys)
        return f"unknown key {where}{nearest}: correct or remove it"
    if first["type"] == "missing":
        return f"the key {where} is missing: add it"
    if first["type"] == "value_error":
        text = str(first["ctx"]["error"])
        return f"{where}: {text}" if where else text
    rules = [one["msg"].split("should ", 1)[-1] for one in errors
             if place == _without_kind(one["loc"])]  # fmt: skip
    rule = f"it should {' or '.join(dict.fromkeys(rules))}"
    if first["type"] == "string_pattern_mismatch":
        rule = "a name has small letters and digits, with single hyphens between, as lenet5-fresh"
        where = where.rpartition(".")[0] or where if "[key]" in first["loc"] else where
        return f"{where} names {quote(first['input'])}, but {rule}: rename it"
    return f"{where} is {quote(first['input'])}, but {rule}: correct it"
