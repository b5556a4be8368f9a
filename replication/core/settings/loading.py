"""params.yaml read and checked: what stands in it is what is in force."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from replication.core.settings.document import Settings, explain_error, suggest_name
from replication.core.settings.recipes import OWN_FORMS, Classifier, Modern, Recipe
from replication.core.settings.sections import Section
from replication.errors import ReplicationError
from replication.reading import Damage, quote, read_yaml

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
    """Check a parsed document; ``source`` is named in messages.

    Raises ReplicationError naming the key, the value and the rule.
    """
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


def load(path: Path) -> Settings:
    """Read and check params.yaml.

    Raises ReplicationError for a file that cannot be read or is malformed, and for an unknown,
    missing or impossible key, with one sentence that names it.
    """
    try:
        document = read_yaml(path)
    except FileNotFoundError as error:
        raise ReplicationError(
            f"{path} is missing: name a file of settings that is there; the repository's own "
            "comes back with `git checkout params.yaml`"
        ) from error
    except Damage as error:
        raise ReplicationError(f"{path} cannot be read as YAML ({error}): correct it") from error
    return parse(document, str(path))
