"""The audit: each setting of the authors beside what was in force in our runs.

What was in force is what the records of the runs say; params.yaml only says what is wanted. A run
that departs from it, or from the other replicates, is a row of its own and turns the rows of the
settings concerned to ``departs``. A setting without a rule, a key of params.yaml without a claim or
a reason, and a rule for what does not exist are errors.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from replication.audit.opinions import Case, Opinion, Status, Unrecorded, shown
from replication.audit.records import Conflict, Records, conflicts_of, flattened
from replication.audit.rules import CLAIMS, OWN, Rule
from replication.errors import ReplicationError
from replication.paper import Claim, Paper
from replication.settings import AnyRecipe, Classifier, Combined, Modern, Recipe, Settings
from replication.systems.known import module_of

COLUMNS = ("claim", "page", "paper", "ours", "status", "reason")
MEND = "see replication/audit/rules.py"
_GRAVITY: Mapping[Status, int] = {"faithful": 0, "unstated": 1, "departs": 2}


class Row(NamedTuple):
    """A line of results/audit.csv."""

    claim: str
    page: str
    paper: str
    ours: str
    status: Status
    reason: str


class Audit(NamedTuple):
    """The rows, and how many places there are where runs contradict the params or one another."""

    rows: tuple[Row, ...]
    conflicts: tuple[Conflict, ...]

    def table(self) -> pd.DataFrame:
        """As results/audit.csv."""
        return pd.DataFrame(self.rows, columns=list(COLUMNS))

    def departs(self) -> bool:
        """Whether any row departs from the paper."""
        return any(row.status == "departs" for row in self.rows)


def audit(paper: Paper, settings: Settings, records: Records, source: str = "params.yaml") -> Audit:
    """Audit ``settings``, read from the file ``source``, and the runs whose ``records`` are there.

    Raises ReplicationError for a gap: a setting, a key or a rule without its counterpart.
    """
    _refuse_gaps(paper, settings)
    conflicts = tuple(
        conflict
        for name, recipe in settings.experiments.items()
        for conflict in conflicts_of(paper, settings, name, recipe, records.get(name, {}), source)
    )
    rows = [_claim_row(paper, settings, paper.claims[name], rule) for name, rule in CLAIMS.items()]
    rows += [_own_row(paper, settings, key, rule) for key, rule in OWN.items()]
    backed = [
        _backed(row, rule, settings, records, conflicts)
        for row, rule in zip(rows, [*CLAIMS.values(), *OWN.values()], strict=True)
    ]
    backed += [
        _experiment_row(paper, settings, name, recipe, len(records.get(name, {})))
        for name, recipe in settings.experiments.items()
    ]
    backed += [
        Row(f"results/runs/{one.experiment}: {one.key}", "", "", one.text, "departs",
            f"the records contradict {source}: train anew, or restore the file")
        for one in conflicts
    ]  # fmt: skip
    return Audit(tuple(backed), conflicts)


def _covers(keys: Iterable[str], key: str) -> bool:
    return any(key == one or key.startswith(f"{one}.") for one in keys)


def _refuse_gaps(paper: Paper, settings: Settings) -> None:
    rules = [*CLAIMS.values(), *OWN.values()]
    stated = [name for name, claim in paper.claims.items() if claim.kind == "setting"]
    document = settings.model_dump(mode="json", exclude={"experiments"})
    keys = flattened(document)
    explained = [key for rule in rules for key in rule.keys]
    gaps: dict[str, set[str]] = {
        "the setting {} of claims.yaml has no rule in the audit": set(stated) - set(CLAIMS),
        "the audit has a rule for {}, which is no setting in claims.yaml": set(CLAIMS)
        - set(stated),
        "the key {} of params.yaml has neither a claim nor a reason in the audit": {
            key for key in keys if not _covers(explained, key)
        },
        "the audit has a rule for the key {}, which is not in params.yaml": {
            key for key in explained if not any(_covers([key], one) for one in keys)
        },
    }  # fmt: skip
    for text, names in gaps.items():
        if names:
            raise ReplicationError(f"{text.format(', '.join(sorted(names)))}: {MEND}")


def _recipe(settings: Settings, rule: Rule) -> tuple[str, Recipe | None]:
    """The experiment that a rule is about, and its recipe where there is one."""
    name = getattr(settings.compare.experiments, rule.role)
    if rule.role == "undistorted":
        settings.experiment(name)
    recipe = settings.experiments.get(name)
    if recipe is not None and not isinstance(recipe, Recipe):
        raise ReplicationError(
            f"params.yaml: compare.experiments.{rule.role} is {name}, which is no network of the "
            "paper: name another"
        )
    return name, recipe


def _opinion(paper: Paper, settings: Settings, rule: Rule, claim: Claim | None) -> Opinion:
    name, recipe = _recipe(settings, rule)
    if recipe is None:
        return Opinion("not made", "departs", f"there is no experiment {name}")
    return rule.judge(Case(paper, settings, recipe, claim))


def stated(claim: Claim) -> str:
    """What the paper says, as text: the statement with its value."""
    value = "" if claim.value is None else f"{shown(claim.value)} {claim.unit}".strip()
    if not claim.statement or not value or value in claim.statement:
        return claim.statement or value
    return f"{claim.statement}: {value}"


def _claim_row(paper: Paper, settings: Settings, claim: Claim, rule: Rule) -> Row:
    opinion = _opinion(paper, settings, rule, claim)
    return Row(claim.id, str(claim.page), stated(claim), *opinion)


def _own_row(paper: Paper, settings: Settings, key: str, rule: Rule) -> Row:
    return Row(key, rule.page, rule.paper, *_opinion(paper, settings, rule, None))


def _recorded(keys: Iterable[str]) -> list[str]:
    """The keys as the records have them: base's without its name, and the two input levels."""
    levels = {"prepare.background", "prepare.foreground"}
    return [
        key.split(".", 1)[1]
        for key in keys
        if key in levels or (key.startswith("base.") and key != "base.replicates")
    ]


def _backed(
    row: Row, rule: Rule, settings: Settings, records: Records, conflicts: Sequence[Conflict]
) -> Row:
    """The row with what the runs say of it."""
    name, recipe = _recipe(settings, rule)
    recorded = _recorded(rule.keys)
    if not recorded or recipe is None:
        return row
    against = [c for c in conflicts if c.experiment == name and _covers(recorded, c.key)]
    if against:
        said = "; ".join(f"{one.key} is {one.text}" for one in against)
        return row._replace(status="departs", reason=f"{row.reason}; but in {name}, {said}")
    if isinstance(rule.judge, Unrecorded):
        return row
    found = len(records.get(name, {}))
    runs = f"in {found} of {recipe.replicates} runs" if found else "no run yet"
    return row._replace(reason=f"{row.reason} ({runs})")


def _experiment_row(
    paper: Paper, settings: Settings, name: str, recipe: AnyRecipe, found: int
) -> Row:
    runs = f"{found} of {recipe.replicates} runs are there"
    place = f"experiments.{name}"
    if isinstance(recipe, Modern):
        reason = "on purpose: not the paper's network or training, but one to compare them with"
        ours = "LeNet-5 as usually built today"
        return Row(place, "", "not the paper's", ours, "departs", f"{reason}; {runs}")
    if isinstance(recipe, Classifier):
        return Row(place, "", _opening(recipe.system), _options(recipe), "unstated",
                   f"what the paper leaves open is in the module's own words; {runs}")  # fmt: skip
    plain = recipe.recipe() if isinstance(recipe, Combined) else recipe
    base, own = flattened(settings.base.model_dump()), flattened(plain.model_dump())
    changed = {key: value for key, value in own.items() if value != base[key]}
    if isinstance(recipe, Combined):
        runs = f"{recipe.system} with {_options(recipe)}; {runs}"
    if not changed and plain is recipe:
        return Row(place, "", "see above", "as base", "faithful", f"the rows above hold; {runs}")
    ours = "; ".join(f"{key}: {shown(value)}" for key, value in changed.items()) or "as base"
    opinions = _opinions(Case(paper, settings, plain), changed)
    status: Status = max(
        (one.status for one in opinions), key=_GRAVITY.__getitem__, default="faithful"
    )
    reasons = dict.fromkeys(one.reason for one in opinions)
    return Row(place, "", "see above", ours, status, "; ".join([*reasons, runs]))


def _options(recipe: Combined | Classifier) -> str:
    return ", ".join(f"{key}: {shown(value)}" for key, value in recipe.options.items()) or "fitted"


def _opening(system: str) -> str:
    """What a classifier's module says of itself in its first sentence."""
    text = ast.get_docstring(ast.parse(module_of(system).read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).rstrip(".")


def _opinions(case: Case, changed: Iterable[str]) -> list[Opinion]:
    """On the keys that an experiment changes, and on those that mean something else by it."""
    before = case._replace(recipe=case.settings.base)
    # More or fewer replicates are no other setting.
    rules = {key: rule.judge for key, rule in OWN.items() if key != "base.replicates"}
    moved = [judge(case) for judge in rules.values()
             if judge(case) != judge(before)]  # fmt: skip
    return [*moved, *(_of_key(f"base.{key}", case) for key in changed if key != "replicates")]


def _of_key(key: str, case: Case) -> Opinion:
    """What the rule for a key says of an experiment that changes it; ours before a claim's."""
    for name, rule in [*OWN.items(), *CLAIMS.items()]:
        if _covers(rule.keys, key):
            return rule.judge(case._replace(claim=case.paper.claims.get(name)))
    raise AssertionError(f"{key} has no rule, although there are no gaps")
