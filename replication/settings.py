"""params.yaml as typed, checked, frozen objects: the only place where settings are read.

There are no defaults here: values stand in params.yaml alone, and a missing key is an error. What
there is to set is in replication/parameters; everything else takes it from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from replication.errors import ReplicationError
from replication.parameters.document import Settings, did_you_mean, sentence
from replication.parameters.recipes import SYSTEMS, AnyRecipe, Classifier, Combined, Modern, Recipe
from replication.parameters.sections import Amount, Count, Positive, Section
from replication.parameters.studies import Collapse, Compare, Invariance, Readings, Scales
from replication.parameters.training import (
    Criterion,
    Distortions,
    Prepare,
    Range,
    Squashing,
    Subsampling,
)

__all__ = [
    "SYSTEMS",
    "Amount",
    "AnyRecipe",
    "Classifier",
    "Collapse",
    "Combined",
    "Compare",
    "Count",
    "Criterion",
    "Distortions",
    "Invariance",
    "Modern",
    "Positive",
    "Prepare",
    "Range",
    "Readings",
    "Recipe",
    "Scales",
    "Section",
    "Settings",
    "Squashing",
    "Subsampling",
    "changed",
    "load",
    "options",
    "parse",
    "value_at",
]

Chosen = TypeVar("Chosen", bound=Section)


def options(kind: type[Chosen], given: Mapping[str, Any], experiment: str) -> Chosen:
    """The ``options`` of an experiment as its module wants them.

    Raises ReplicationError for an unknown, missing or impossible one.
    """
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        place = ("experiments", experiment, "options")
        raise ReplicationError(sentence(error, "params.yaml", place, kind)) from error


def changed(recipe: Recipe, changes: Mapping[str, str | int | float]) -> Recipe:
    """``recipe`` with other values for some keys, such as ``{"criterion.j": 5.0}``.

    Raises ReplicationError for an unknown key or an impossible value.
    """
    document = recipe.model_dump()
    for path, value in changes.items():
        *groups, key = path.split(".")
        section: Any = document
        for group in groups:
            section = section.get(group) if isinstance(section, dict) else None
        if not isinstance(section, dict) or key not in section:
            raise ReplicationError(f"params.yaml: there is no setting '{path}': correct it")
        section[key] = value
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        raise ReplicationError(sentence(error, "params.yaml, readings")) from error


def value_at(section: Section, path: str) -> Any:
    """The value of a key such as ``criterion.j``; ReplicationError when there is none."""
    value: Any = section
    for key in path.split("."):
        if not isinstance(value, Section) or key not in type(value).model_fields:
            raise ReplicationError(f"params.yaml: there is no setting '{path}': correct it")
        value = getattr(value, key)
    return value


def _merge(base: Any, changes: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(changes, Mapping):
        merged = {**base, **changes}
        return {key: _merge(base[key], merged[key]) if key in base else merged[key]
                for key in merged}  # fmt: skip
    return changes


def _complete(base: Mapping[str, Any], changes: Mapping[str, Any]) -> Any:
    kind = SYSTEMS.get(str(changes.get("system", base.get("system"))))
    return changes if kind in (Modern, Classifier) else _merge(base, changes)


def _completed(base: Mapping[str, Any], group: str, entries: Mapping[str, Any], source: str) -> Any:
    """The ``entries`` of ``group``, each merged with ``base`` if its system wants that."""
    complete = {}
    for name, changes in entries.items():
        if changes is not None and not isinstance(changes, Mapping):
            raise ReplicationError(
                f"{source}: {group}.{name} is {changes!r}, but it must list the settings "
                "that differ from base, or be {}: correct it"
            )
        system = str((changes or {}).get("system", base.get("system")))
        if system not in SYSTEMS:
            hint = did_you_mean(system, SYSTEMS)
            raise ReplicationError(
                f"{source}: {group}.{name}.system is {system!r}{hint}, but there are "
                f"{', '.join(SYSTEMS)}: correct it"
            )
        complete[name] = _complete(base, changes or {})
    return complete


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
        if isinstance(base, Mapping) and isinstance(entries, Mapping):
            document[group] = _completed(base, group, entries, source)
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise ReplicationError(sentence(error, source)) from error


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
