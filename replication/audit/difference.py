"""What differs between two files of settings: the keys, whose page each is on, what it touches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from replication.audit.judges import Case, shown
from replication.audit.records import covers, flattened, unused
from replication.audit.rules import CLAIMS, OWN
from replication.paper import Paper
from replication.settings import AnyRecipe, Settings


def differences(paper: Paper, before: Settings, after: Settings) -> Iterator[str]:
    """A sentence a key: its two values, how the new one stands to the paper, which runs change."""
    touched: dict[tuple[str, str, str], list[str]] = {}
    earlier, later = (_recipes(one) for one in (before, after))
    for name in {**earlier, **later}:
        if name not in earlier or name not in later:
            yield f"{name}: {'added' if name in later else 'removed'}"
            continue
        old, new = (_used(paper, one[name]) for one in (earlier, later))
        for key in _differing(old, new):
            was, will = (shown(one.get(key, "of no effect")) for one in (old, new))
            touched.setdefault((f"base.{key}", was, will), []).append(name)
    old, new = (
        flattened(one.model_dump(exclude={"experiments", "variance"})) for one in (before, after)
    )
    for key in _differing(old, new):
        everywhere = key in ("prepare.background", "prepare.foreground")
        was, will = (shown(one.get(key, "absent")) for one in (old, new))
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
    for name, rule in (*CLAIMS.items(), *OWN.items()):
        claim = paper.claims.get(name)
        page = claim.page if claim else rule.page
        if covers(rule.keys, key):
            opinion = rule.judge(Case(paper, settings, settings.base, claim))
            where = f"p. {page} ({name})" if page else "not in the paper"
            return f"{where}, {opinion.status}: {opinion.reason}"
    return "not in the paper"
