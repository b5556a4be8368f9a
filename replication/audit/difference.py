"""What differs between two files of settings: the keys, whose page each is on, what it touches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from replication.audit.checks import Case, judge
from replication.audit.records import covers, flattened, unused
from replication.paper import Paper, format_value
from replication.settings import AnyRecipe, Settings


def differences(paper: Paper, before: Settings, after: Settings) -> Iterator[str]:
    """Give a sentence for each key: its values, how the new one stands to the paper, its runs."""
    touched: dict[tuple[str, str, str], list[str]] = {}
    earlier, later = (_recipes(one) for one in (before, after))
    for name in {**earlier, **later}:
        if name not in earlier or name not in later:
            yield f"{name}: {'added' if name in later else 'removed'}"
            continue
        old, new = (_used(paper, one[name]) for one in (earlier, later))
        for key in _differing(old, new):
            was, will = (format_value(one.get(key, "of no effect")) for one in (old, new))
            touched.setdefault((f"base.{key}", was, will), []).append(name)
    old, new = (
        flattened(one.model_dump(exclude={"experiments", "variance"})) for one in (before, after)
    )
    for key in _differing(old, new):
        everywhere = key in ("prepare.background", "prepare.foreground")
        was, will = (format_value(one.get(key, "absent")) for one in (old, new))
        touched.setdefault((key, was, will), list(after.experiments) if everywhere else [])
    for (key, was, will), names in touched.items():
        runs = f"changes {', '.join(names)}" if names else "changes no run"
        yield f"{key}: {was} -> {will}; {_standing(paper, key, after)}; {runs}"


def _differing(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [key for key in {**old, **new} if old.get(key) != new.get(key)]


def _recipes(settings: Settings) -> dict[str, AnyRecipe]:
    return {**settings.experiments, **{f"variance.{k}": v for k, v in settings.variance.items()}}


def _used(paper: Paper, recipe: AnyRecipe) -> dict[str, Any]:
    free = unused(recipe, paper)
    return {key: v for key, v in flattened(recipe.model_dump()).items() if not covers(free, key)}


def _standing(paper: Paper, key: str, settings: Settings) -> str:
    for choice in paper.choices.values():
        if covers(choice.keys, key):
            opinion = judge(Case(paper, settings, settings.base, choice))
            where = f"p. {choice.page} ({choice.id})" if choice.page else "not in the paper"
            return f"{where}, {opinion.status}: {opinion.remark}"
    return "not in the paper"
