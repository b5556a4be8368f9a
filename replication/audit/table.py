"""The audit: each setting of the authors beside what was in force in our runs.

With the runs, what was in force is what their records say: a row without a record is not called
faithful, and one that a record speaks against is a contradiction. Without them the params alone are
judged. A setting without a rule, a key of params.yaml without a claim or a reason, and a rule for
what does not exist are errors.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

import pandas as pd

from replication import plugins
from replication.audit import records
from replication.audit.behaviour import Behaviour, observed
from replication.audit.judges import Case, Opinion, Status, shown
from replication.audit.records import WHOLE, Conflict, covers, flattened
from replication.audit.rules import CLAIMS, OWN, Rule
from replication.errors import ReplicationError
from replication.paper import Claim, Paper
from replication.settings import AnyRecipe, Classifier, Combined, Modern, Recipe, Settings
from replication.systems.catalogue import CLASSIFIERS
from replication.systems.jobs import Experiment


class Row(NamedTuple):
    """A line of results/audit.csv."""

    claim: str
    page: str
    paper: str
    ours: str
    status: Status
    reason: str


class FromRuns(NamedTuple):
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
    paper: Paper, settings: Settings, ready: Sequence[Experiment], source: str, *, runs: bool
) -> Audit:
    """Audit ``settings``, read from the file ``source``, and with ``runs`` those that are there.

    ``ready`` are all their experiments. Raises ReplicationError for what training would refuse, for
    a damaged run, and for a gap: a setting, a key or a rule without its counterpart.
    """
    _refuse_gaps(paper, settings)
    for experiment in ready:
        records.refuse(experiment, paper)
    from_runs = _from_runs(paper, settings, ready, source) if runs else None
    judged = Case(paper, settings, settings.base, None, from_runs.behaviour if from_runs else None)
    rows = [_row(judged, name, rule, from_runs) for name, rule in (*CLAIMS.items(), *OWN.items())]
    rows += [_experiment_row(judged, name, from_runs) for name in settings.experiments]
    conflicts = from_runs.conflicts if from_runs else ()
    mend = f"the records contradict {source}: train anew, or restore the file"
    rows += [
        Row(f"results/runs/{one.experiment}: {one.key}", "", "", one.text, "contradiction", mend)
        for one in conflicts
    ]
    return Audit(rows, conflicts)


def stated(claim: Claim) -> str:
    """What the paper says, as text: the statement with its value."""
    value = "" if claim.value is None else f"{shown(claim.value)} {claim.unit}".strip()
    if not claim.statement or not value or value in claim.statement:
        return claim.statement or value
    return f"{claim.statement}: {value}"


def _refuse_gaps(paper: Paper, settings: Settings) -> None:
    known = {name for name, claim in paper.claims.items() if claim.kind == "setting"}
    keys = flattened(settings.model_dump(mode="json", exclude={"experiments"}))
    explained = [key for rule in (*CLAIMS.values(), *OWN.values()) for key in rule.keys]
    gaps = {key for key in keys if not covers(explained, key)} | (known ^ set(CLAIMS))
    gaps |= {key for key in explained if not any(covers([key], one) for one in keys)}
    if gaps:
        raise ReplicationError(
            f"{', '.join(sorted(gaps))}: each setting of claims.yaml and each key of params.yaml "
            "needs a rule in replication/audit/rules.py, and each rule one of them: add or remove"
        )


def _from_runs(
    paper: Paper, settings: Settings, ready: Sequence[Experiment], source: str
) -> FromRuns:
    counts = {one.name: (len(records.runs_of(one)), one.recipe.replicates) for one in ready}
    conflicts = [c for one in ready for c in records.conflicts_of(one, paper, source)]
    name, behaviour = settings.compare.experiments.undistorted, None
    if counts.get(name, (0, 0))[0]:
        case = Case(paper, settings, _recipe(settings, name))
        behaviour = observed(case.recipe, settings.prepare, case.network())
    return FromRuns(counts, conflicts, behaviour)


def _recipe(settings: Settings, name: str) -> Recipe:
    recipe = settings.experiment(name)
    if not isinstance(recipe, Recipe):
        raise ReplicationError(
            f"params.yaml: compare.experiments names {name}, which is no network of the paper: "
            "name another"
        )
    return recipe


def _row(judged: Case, name: str, rule: Rule, from_runs: FromRuns | None) -> Row:
    """A setting judged by the params, then by the runs that it is about."""
    claim, settings = judged.paper.claims.get(name), judged.settings
    page, text = (str(claim.page), stated(claim)) if claim else (rule.page, rule.paper)
    roles, experiments = settings.compare.experiments, settings.experiments
    role = roles.distorted if rule.about == "distorted" else roles.undistorted
    if role != roles.undistorted and role not in experiments:
        return Row(name, page, text, "not made", "departs", f"there is no experiment {role}")
    case = judged._replace(recipe=_recipe(settings, role), claim=claim)
    opinion = rule.judge(case)
    keys_of_base = [key.removeprefix("base.") for key in rule.keys]
    free = records.unused(case.recipe, judged.paper)
    if keys_of_base and all(covers(free, key) for key in keys_of_base):
        opinion = opinion._replace(status="unstated", reason="of no effect in this reading")
    about = [role] if rule.about in ("undistorted", "distorted") else []
    if rule.about and not about:
        names = {k: (one.system, one.database) for k, one in experiments.items()}
        about = [k for k, one in names.items() if any(name.startswith(rule.about) for name in one)]
    keys = [key.removeprefix("prepare.") for key in keys_of_base if key != "replicates"]
    return Row(
        name, page, text, *_backed(opinion, about, (*keys, *rule.evidence, *WHOLE), from_runs)
    )


def _backed(
    opinion: Opinion, about: Sequence[str], keys: Sequence[str], from_runs: FromRuns | None
) -> Opinion:
    """The opinion with what the runs of the experiments ``about`` say of ``keys``."""
    if from_runs is None or not about:
        return opinion
    against = [c for c in from_runs.conflicts if c.experiment in about and covers(keys, c.key)]
    if against:
        said = "; ".join(f"in {one.experiment}, {one.key}: {one.text}" for one in against)
        return opinion._replace(status="contradiction", reason=f"{opinion.reason}; but {said}")
    there, wanted = (sum(from_runs.runs[name][n] for name in about) for n in (0, 1))
    ours, status, reason = opinion
    if not there:
        return Opinion(
            ours, "unstated" if status == "faithful" else status, f"{reason} (no run yet)"
        )
    return Opinion(ours, status, f"{reason} (in {there} of {wanted} runs)")


def _experiment_row(judged: Case, name: str, from_runs: FromRuns | None) -> Row:
    """An experiment, by what it changes of base."""
    recipe, text = judged.settings.experiments[name], "see above"
    if isinstance(recipe, Modern):
        text = "not the paper's"
        reason = "on purpose: not the paper's network or training, but one to compare them with"
        opinion = Opinion("LeNet-5 as usually built today", "departs", reason)
    elif isinstance(recipe, Classifier):
        # What its module says of itself in its first sentence.
        path = plugins.source(CLASSIFIERS, recipe.system, "System")
        source = path.read_text(encoding="utf-8")
        text = " ".join((ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0].split())
        reason = "what the paper leaves open is in the module's own words"
        opinion = Opinion(_options(recipe), "unstated", reason)
    else:
        opinion = _trained(judged, recipe)
    keys = (*recipe.in_force(), *WHOLE, "evidence", "history", "presentations", "parameters")
    return Row(
        f"experiments.{name}", "", text.rstrip("."), *_backed(opinion, [name], keys, from_runs)
    )


def _trained(judged: Case, recipe: Recipe | Combined) -> Opinion:
    alone, free = records.plain(recipe), {"replicates", *records.unused(recipe, judged.paper)}
    base = flattened(judged.recipe.model_dump())
    changed = {
        key: value
        for key, value in flattened(alone.model_dump()).items()
        if value != base.get(key) and not covers(free, key)
    }
    ours = "; ".join(f"{key}: {shown(value)}" for key, value in changed.items()) or "as base"
    if isinstance(recipe, Combined):
        ours = f"{recipe.system} with {_options(recipe)}; {ours}"
    said = _opinions(judged._replace(recipe=alone), free)
    order = get_args(Status)
    status: Status = max((one.status for one in said), key=order.index, default="faithful")
    return Opinion(ours, status, "; ".join(dict.fromkeys(one.reason for one in said)) or
                   "the rows above hold")  # fmt: skip


def _opinions(case: Case, free: set[str]) -> list[Opinion]:
    """Of the rules that say something else of this experiment than of base."""
    ours = [key for rule in OWN.values() for key in rule.keys]
    # What the paper says of LeNet-5 alone is our own rule's for other networks.
    claims = {k: rule for k, rule in CLAIMS.items() if rule.keys and not covers(ours, rule.keys[0])}
    opinions = []
    for name, rule in (*OWN.items(), *claims.items()):
        case = case._replace(claim=case.paper.claims.get(name))
        now, before = rule.judge(case), rule.judge(case._replace(recipe=case.settings.base))
        used = not all(covers(free, key.removeprefix("base.")) for key in rule.keys)
        if used and now != before:
            opinions.append(now)
    return opinions


def _options(recipe: AnyRecipe) -> str:
    options: Mapping[str, object] = getattr(recipe, "options", {})
    return ", ".join(f"{key}: {shown(value)}" for key, value in options.items()) or "fitted"
