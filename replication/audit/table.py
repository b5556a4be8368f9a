"""The audit: each setting of the authors beside what was in force in our runs.

With the runs, what was in force is what their records say: a row without a record is not called
faithful, and one that a record speaks against is a contradiction. Without them the params alone are
judged. A setting without a rule, a key of params.yaml without a claim or a reason, and a rule for
what does not exist are errors.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from replication.audit.behaviour import Behaviour, observed
from replication.audit.judges import Case, Opinion, Status, shown
from replication.audit.records import (
    WHOLE,
    Conflict,
    conflicts_of,
    covers,
    flattened,
    plain,
    refuse,
    runs_of,
    unused,
)
from replication.audit.rules import CLAIMS, OWN, Rule
from replication.errors import ReplicationError
from replication.paper import Claim, Paper
from replication.settings import AnyRecipe, Classifier, Combined, Modern, Recipe, Settings
from replication.systems.known import module_of
from replication.systems.replicates import Experiment

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


class Found(NamedTuple):
    """What the runs show.

    Attributes:
        runs: by experiment, how many are there and how many the params ask for.
        conflicts: where they contradict the params or one another.
        behaviour: what the code does; None without a run of the undistorted experiment.
    """

    runs: Mapping[str, tuple[int, int]]
    conflicts: Sequence[Conflict]
    behaviour: Behaviour | None


class Audit(NamedTuple):
    """The rows, and where the runs contradict the params or one another."""

    rows: Sequence[Row]
    conflicts: Sequence[Conflict]

    def table(self) -> pd.DataFrame:
        """As results/audit.csv."""
        return pd.DataFrame(self.rows, columns=list(Row._fields))


def audit(
    paper: Paper,
    settings: Settings,
    experiments: Sequence[Experiment],
    *,
    runs: bool,
    source: str = "params.yaml",
) -> Audit:
    """Audit ``settings``, read from the file ``source``, and with ``runs`` those that are there.

    Raises ReplicationError for what training would refuse, for a damaged run, and for a gap: a
    setting, a key or a rule without its counterpart.
    """
    _refuse_gaps(paper, settings)
    for experiment in experiments:
        refuse(experiment, paper)
    found = _found(paper, settings, experiments, source) if runs else None
    rules = [(name, paper.claims[name], rule) for name, rule in CLAIMS.items()]
    rows = [_row(paper, settings, *one, found) for one in rules]
    rows += [_row(paper, settings, key, None, rule, found) for key, rule in OWN.items()]
    rows += [_experiment_row(paper, settings, *one, found) for one in settings.experiments.items()]
    conflicts = found.conflicts if found else ()
    mend = f"the records contradict {source}: train anew, or restore the file"
    rows += [
        Row(f"results/runs/{one.experiment}: {one.key}", "", "", one.text, "contradiction", mend)
        for one in conflicts
    ]
    return Audit(rows, conflicts)


def _found(
    paper: Paper, settings: Settings, experiments: Sequence[Experiment], source: str
) -> Found:
    counts = {one.name: (len(runs_of(one)), one.recipe.replicates) for one in experiments}
    conflicts = [c for one in experiments for c in conflicts_of(one, paper, source)]
    name, behaviour = settings.compare.experiments.undistorted, None
    if counts.get(name, (0, 0))[0]:
        case = Case(paper, settings, _recipe(settings, name))
        behaviour = observed(case.recipe, settings.prepare, case.network())
    return Found(counts, conflicts, behaviour)


def _refuse_gaps(paper: Paper, settings: Settings) -> None:
    stated = {name for name, claim in paper.claims.items() if claim.kind == "setting"}
    keys = flattened(settings.model_dump(mode="json", exclude={"experiments"}))
    explained = [key for rule in (*CLAIMS.values(), *OWN.values()) for key in rule.keys]
    gaps = {
        "the setting {} of claims.yaml has no rule in the audit": stated - set(CLAIMS),
        "the audit has a rule for {}, which is no setting in claims.yaml": set(CLAIMS) - stated,
        "the key {} of params.yaml has neither a claim nor a reason in the audit": {
            key for key in keys if not covers(explained, key)
        },
        "the audit has a rule for the key {}, which is not in params.yaml": {
            key for key in explained if not any(covers([key], one) for one in keys)
        },
    }
    for text, names in gaps.items():
        if names:
            raise ReplicationError(f"{text.format(', '.join(sorted(names)))}: {MEND}")


def _recipe(settings: Settings, name: str) -> Recipe:
    recipe = settings.experiment(name)
    if not isinstance(recipe, Recipe):
        raise ReplicationError(
            f"params.yaml: compare.experiments names {name}, which is no network of the paper: "
            "name another"
        )
    return recipe


def _concerned(settings: Settings, about: str) -> list[str]:
    """The experiments whose runs a rule is about."""
    role = getattr(settings.compare.experiments, about, None) if about else ""
    if role is not None:
        return [role] if role in settings.experiments else []
    return [k for k, one in settings.experiments.items() if about in (one.system, one.database)]


def _row(
    paper: Paper,
    settings: Settings,
    name: str,
    claim: Claim | None,
    rule: Rule,
    found: Found | None,
) -> Row:
    """A setting judged by the params, then by the runs that it is about."""
    page, text = (str(claim.page), stated(claim)) if claim else (rule.page, rule.paper)
    role = "distorted" if rule.about == "distorted" else "undistorted"
    judged = getattr(settings.compare.experiments, role)
    if role == "distorted" and judged not in settings.experiments:
        return Row(name, page, text, "not made", "departs", f"there is no experiment {judged}")
    behaviour = found.behaviour if found else None
    case = Case(paper, settings, _recipe(settings, judged), claim, behaviour)
    opinion = rule.judge(case)
    own = [key.removeprefix("base.") for key in rule.keys]
    if own and all(covers(unused(case.recipe, paper), key) for key in own):
        opinion = opinion._replace(status="unstated", reason="of no effect in this reading")
    about = _concerned(settings, rule.about)
    if found is None or not about:
        return Row(name, page, text, *opinion)
    keys = [key.removeprefix("prepare.") for key in own if key != "replicates"]
    return Row(name, page, text, *_backed(opinion, about, (*keys, *rule.evidence, *WHOLE), found))


def _backed(opinion: Opinion, about: Sequence[str], keys: Sequence[str], found: Found) -> Opinion:
    """The opinion with what the runs of the experiments ``about`` say of ``keys``."""
    against = [c for c in found.conflicts if c.experiment in about and covers(keys, c.key)]
    if against:
        said = "; ".join(f"in {one.experiment}, {one.key}: {one.text}" for one in against)
        return opinion._replace(status="contradiction", reason=f"{opinion.reason}; but {said}")
    there, wanted = (sum(found.runs[name][n] for name in about) for n in (0, 1))
    runs = (
        f"{opinion.reason} (in {there} of {wanted} runs)"
        if there
        else f"{opinion.reason} (no run yet)"
    )
    if not there and opinion.status == "faithful":
        return opinion._replace(status="unstated", reason=runs)
    return opinion._replace(reason=runs)


def stated(claim: Claim) -> str:
    """What the paper says, as text: the statement with its value."""
    value = "" if claim.value is None else f"{shown(claim.value)} {claim.unit}".strip()
    if not claim.statement or not value or value in claim.statement:
        return claim.statement or value
    return f"{claim.statement}: {value}"


def _experiment_row(
    paper: Paper, settings: Settings, name: str, recipe: AnyRecipe, found: Found | None
) -> Row:
    text, opinion = "see above", _experiment(paper, settings, recipe)
    if isinstance(recipe, Modern):
        text = "not the paper's"
    elif isinstance(recipe, Classifier):
        text = _opening(recipe.system)
    if found:
        keys = [*recipe.training(), *WHOLE, "evidence", "history", "presentations", "parameters"]
        opinion = _backed(opinion, [name], keys, found)
    return Row(f"experiments.{name}", "", text, *opinion)


def _experiment(paper: Paper, settings: Settings, recipe: AnyRecipe) -> Opinion:
    """How an experiment stands, by what it changes of base."""
    if isinstance(recipe, Modern):
        reason = "on purpose: not the paper's network or training, but one to compare them with"
        return Opinion("LeNet-5 as usually built today", "departs", reason)
    if isinstance(recipe, Classifier):
        reason = "what the paper leaves open is in the module's own words"
        return Opinion(_options(recipe), "unstated", reason)
    alone, free = plain(recipe), {"replicates", *unused(recipe, paper)}
    base = flattened(settings.base.model_dump())
    changed = {
        key: value
        for key, value in flattened(alone.model_dump()).items()
        if value != base[key] and not covers(free, key)
    }
    ours = "; ".join(f"{key}: {shown(value)}" for key, value in changed.items()) or "as base"
    if isinstance(recipe, Combined):
        ours = f"{recipe.system} with {_options(recipe)}; {ours}"
    opinions = _opinions(Case(paper, settings, alone), free)
    status: Status = max(
        (one.status for one in opinions), key=_GRAVITY.__getitem__, default="faithful"
    )
    reasons = dict.fromkeys(one.reason for one in opinions)
    return Opinion(ours, status, "; ".join(reasons) or "the rows above hold")


def _options(recipe: Combined | Classifier) -> str:
    return ", ".join(f"{key}: {shown(value)}" for key, value in recipe.options.items()) or "fitted"


def _opening(system: str) -> str:
    """What a classifier's module says of itself in its first sentence."""
    text = ast.get_docstring(ast.parse(module_of(system).read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).rstrip(".")


def _opinions(case: Case, free: set[str]) -> list[Opinion]:
    """On the keys that an experiment changes, and on those that mean something else by it."""
    before = case._replace(recipe=case.settings.base)
    keys = [key for rule in OWN.values() for key in rule.keys]
    # What the paper says of LeNet-5 alone is our own rule's for other networks.
    claims = {k: rule for k, rule in CLAIMS.items() if rule.keys and not covers(keys, rule.keys[0])}
    found = []
    for name, rule in (*OWN.items(), *claims.items()):
        own = [key.removeprefix("base.") for key in rule.keys]
        claim = case.paper.claims.get(name)
        after = rule.judge(case._replace(claim=claim))
        if not all(covers(free, key) for key in own) and after != rule.judge(
            before._replace(claim=claim)
        ):
            found.append(after)
    return found
