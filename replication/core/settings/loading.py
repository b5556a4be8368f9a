"""params.yaml read and checked, and the sentence that says what is wrong with it."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from replication.core.settings.recipes import (
    OWN_FORMS,
    AnyRecipe,
    ByKind,
    Classifier,
    Combined,
    Modern,
    Recipe,
)
from replication.core.settings.studies import (
    Causes,
    Collapse,
    Compare,
    Invariance,
    Multiverse,
    Noncharacters,
    Plain,
    Readings,
    Sensitivity,
    Tied,
    Train,
)
from replication.core.settings.training import Name, Prepare, Section
from replication.errors import ReplicationError
from replication.reading import Damage, quote, read_yaml, shorten

# What pydantic puts below a key whose value may be of several kinds: the kind that it tried.
_KIND = re.compile(r"(bool|int|float|str|constrained-\w+|literal\[.*\]|function-.*)")


class Settings(Section):
    """All of params.yaml; each experiment of a network is merged with ``base``."""

    prepare: Prepare  # the way from images to inputs
    base: Recipe  # the settings that experiments differ from
    experiments: dict[Name, ByKind]  # all experiments, by name
    train: Train  # where the work is done
    compare: Compare  # the rules of verdicts
    variance: dict[Name, Recipe]  # the study of what makes replicates differ
    readings: Readings  # the study of what the paper leaves open
    plain: Plain  # the reading of networks without RBF units
    tied: Tied  # the test errors of the readings that fit as well
    sensitivity: Sensitivity  # the study of single settings
    multiverse: Multiverse  # the study of random readings
    collapse: Collapse  # the study of trainable codes
    invariance: Invariance  # the study of changed patterns
    noncharacters: Noncharacters  # the study of images of no digit
    causes: Causes  # the study of the published numbers that ours differ from

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
    return location[:-1] if location and _KIND.fullmatch(str(location[-1])) else location


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


Chosen = TypeVar("Chosen", bound=Section)


def parse_options(kind: type[Chosen], values: Mapping[str, Any], *place: str) -> Chosen:
    """Return the ``options`` at ``place`` in params.yaml as the module that has them reads them.

    Raises ReplicationError for an unknown, missing or impossible one.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise ReplicationError(explain_error(error, "params.yaml", place, kind)) from error


def change_recipe(recipe: Recipe, changes: Mapping[str, str | int | float]) -> Recipe:
    """Return ``recipe`` with other values for some keys, such as ``{"criterion.j": 5.0}``.

    Raises ReplicationError for an unknown key or an impossible value.
    """
    document = recipe.model_dump()
    for path, value in changes.items():
        set_by_path(document, path, value)
    return parse_options(Recipe, document, "readings")


def set_by_path(document: dict[str, Any], path: str, value: Any) -> None:
    """Set a key such as ``criterion.j`` of a recipe's ``document``; ReplicationError for none.

    Only the module that has the ``options`` knows which there are, and checks them.
    """
    *groups, key = path.split(".")
    section: Any = document
    for group in groups:
        section = section.get(group) if isinstance(section, dict) else None
    if not isinstance(section, dict) or (key not in section and groups != ["options"]):
        raise ReplicationError(f"params.yaml: there is no setting '{path}': correct it")
    section[key] = value


def get_by_path(section: Section, path: str) -> Any:
    """Return the value of a key such as ``criterion.j``; ReplicationError when there is none."""
    value: Any = section
    for key in path.split("."):
        if not isinstance(value, Section) or key not in type(value).model_fields:
            raise ReplicationError(f"params.yaml: there is no setting '{path}': correct it")
        value = getattr(value, key)
    return value


def _merge(base: Any, changes: Any) -> Any:
    if not (isinstance(base, Mapping) and isinstance(changes, Mapping)):
        return changes
    return {**base, **{key: _merge(base.get(key), value) for key, value in changes.items()}}


def _complete(base: Mapping[str, Any], group: str, entries: Mapping[str, Any], source: str) -> Any:
    """Return the ``entries`` of ``group``, each merged with ``base`` if its system needs that."""
    complete = {}
    for name, changes in entries.items():
        if changes is not None and not isinstance(changes, Mapping):
            raise ReplicationError(
                f"{source}: {group}.{name} is {quote(changes)}, but it must list the settings "
                "that differ from base, or be {}: correct it"
            )
        entry = changes or {}
        system = str(entry.get("system", base.get("system")))
        if system not in OWN_FORMS and "options" not in entry:
            raise ReplicationError(
                f"{source}: {group}.{name}.system is {quote(system)}"
                f"{suggest_name(system, OWN_FORMS)}, which is none of {', '.join(OWN_FORMS)}, and "
                "there are no options as of a classifier: correct it"
            )
        alone = OWN_FORMS.get(system, Classifier) in (Modern, Classifier)
        complete[name] = entry if alone else _merge(base, entry)
    return complete


def parse(document: Any, source: str) -> Settings:
    """Check a parsed document; ReplicationError names ``source``, the key and the rule."""
    if not isinstance(document, Mapping):
        raise ReplicationError(f"{source} holds no settings: write them as params.yaml has them")
    document = dict(document)
    base = document.get("base")
    for group in ("experiments", "variance"):
        entries = document.get(group)
        if isinstance(base, Mapping) and isinstance(entries, Mapping):
            document[group] = _complete(base, group, entries, source)
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise ReplicationError(explain_error(error, source)) from error


def read_document(path: Path) -> Any:
    """Read a file of settings as YAML, unchecked; ReplicationError for one that cannot be."""
    try:
        return read_yaml(path)
    except FileNotFoundError as error:
        raise ReplicationError(
            f"{path} is missing: name a file of settings that is there; the repository's own "
            "comes back with `git checkout params.yaml`"
        ) from error
    except Damage as error:
        raise ReplicationError(f"{path} cannot be read as YAML ({error}): correct it") from error


def load(path: Path) -> Settings:
    """Read and check params.yaml; ReplicationError for a file or a key that cannot be."""
    return parse(read_document(path), str(path))
