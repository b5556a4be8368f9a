"""What differs between two files of settings: each key, its page, and the runs it changes."""

from collections.abc import Iterator
from typing import Any

from replication.comparison.audit.checks import Case, judge
from replication.comparison.audit.records import covers, flattened, unused
from replication.comparison.paper import Paper, format_value
from replication.core.settings import AnyRecipe, Settings


def differences(paper: Paper, before: Settings, after: Settings) -> Iterator[str]:
    """Give a sentence for each key: its values, how the new one stands to the paper, its runs."""
    touched: dict[tuple[str, str, str], list[str]] = {}
    earlier, later = _recipes(before), _recipes(after)
    for name in {**earlier, **later}:
        if name not in earlier or name not in later:
            yield f"{name}: {'added' if name in later else 'removed'}"
            continue
        old, new = _effective(paper, earlier[name]), _effective(paper, later[name])
        for key, values in _differing(old, new, "of no effect"):
            touched.setdefault((f"base.{key}", *values), []).append(name)
    sections = {"experiments", "variance"}
    old, new = (flattened(settings.model_dump(exclude=sections)) for settings in (before, after))
    for key, values in _differing(old, new, "absent"):
        everywhere = key in ("prepare.background", "prepare.foreground")
        touched.setdefault((key, *values), list(after.experiments) if everywhere else [])
    for (key, earlier_value, later_value), names in touched.items():
        runs = f"changes {', '.join(names)}" if names else "changes no run"
        yield f"{key}: {earlier_value} -> {later_value}; {_standing(paper, key, after)}; {runs}"


def _differing(
    old: dict[str, Any], new: dict[str, Any], absent: str
) -> Iterator[tuple[str, tuple[str, str]]]:
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            yield key, (format_value(old.get(key, absent)), format_value(new.get(key, absent)))


def _recipes(settings: Settings) -> dict[str, AnyRecipe]:
    return {**settings.experiments, **{f"variance.{k}": v for k, v in settings.variance.items()}}


def _effective(paper: Paper, recipe: AnyRecipe) -> dict[str, Any]:
    unused_keys, values = unused(recipe, paper), flattened(recipe.model_dump())
    return {key: value for key, value in values.items() if not covers(unused_keys, key)}


def _standing(paper: Paper, key: str, settings: Settings) -> str:
    for choice in paper.choices.values():
        if covers(choice.keys, key):
            opinion = judge(Case(paper, settings, settings.base, choice))
            where = f"p. {choice.page} ({choice.id})" if choice.page else "not in the paper"
            return f"{where}, {opinion.status}: {opinion.remark}"
    return "not in the paper"
