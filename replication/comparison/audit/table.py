"""The audit: each setting of the authors beside the one in force in our runs.

With the runs, their records count: a setting without a record is not called faithful, and one that
a record contradicts is a contradiction. Without them the params alone are judged. A claim or a key
of params.yaml that data/paper/settings.yaml lacks is an error. `differences` compares two files of
settings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from replication.comparison.audit import records
from replication.comparison.audit.behaviour import Behaviour, observe
from replication.comparison.audit.checks import Case, Opinion, experiments_about, judge
from replication.comparison.audit.records import WHOLE, Conflict, covers, flatten
from replication.comparison.audit.setting import Setting
from replication.comparison.paper import Choice, Paper, Status, format_value
from replication.core.networks import catalogue
from replication.core.settings import AnyRecipe, Classifier, Combined, Modern, Recipe, Settings
from replication.core.systems.jobs import Experiment
from replication.errors import ReplicationError


class RunEvidence(NamedTuple):
    """The evidence of the runs.

    Attributes:
        runs: by experiment the number of existing runs, and the number that the params ask for.
        conflicts: with the params or among the replicates.
        behaviour: of the code; None without a run of the undistorted experiment.
    """

    runs: Mapping[str, tuple[int, int]]
    conflicts: Sequence[Conflict]
    behaviour: Behaviour | None


class Audit(NamedTuple):
    """The settings, and the conflicts of the runs with the params or among themselves."""

    settings: Sequence[Setting]
    conflicts: Sequence[Conflict]


def audit(
    paper: Paper, settings: Settings, ready: Sequence[Experiment], source: str, *, runs: bool
) -> Audit:
    """Audit ``settings``, read from the file ``source``, and with ``runs`` the existing runs.

    ``ready`` are all their experiments. Raises ReplicationError for settings that training would
    refuse, for a damaged run, and for a key that settings.yaml does not explain.
    """
    _refuse_gaps(paper, settings)
    for experiment in ready:
        records.refuse_untrainable(experiment)
    from_runs = _read_runs(paper, settings, ready, source) if runs else None
    auditor = _Auditor(paper, settings, from_runs)
    judged = [choice for choice in paper.choices.values() if choice.heading != "systems"]
    rows = [auditor.judge_choice(choice) for choice in judged]
    rows += [auditor.judge_experiment(name) for name in settings.experiments]
    conflicts = from_runs.conflicts if from_runs else ()
    remedy = f"the records contradict {source}: train again, or restore the file"
    rows += [
        Setting(f"results/runs/{c.experiment}: {c.key}", "", "", c.text, "contradiction", remedy)
        for c in conflicts
    ]
    return Audit(rows, conflicts)


def _refuse_gaps(paper: Paper, settings: Settings) -> None:
    keys = flatten(settings.model_dump(mode="json", exclude={"experiments"}))
    explained = [key for choice in paper.choices.values() for key in choice.keys]
    gaps = {key for key in keys if not covers(explained, key)}
    gaps |= {key for key in explained if not any(covers([key], name) for name in keys)}
    if gaps:
        raise ReplicationError(
            f"{', '.join(sorted(gaps))}: each key of params.yaml needs an entry of "
            "data/paper/settings.yaml, and each key there has to be in params.yaml: add or remove"
        )


def _read_runs(
    paper: Paper, settings: Settings, ready: Sequence[Experiment], source: str
) -> RunEvidence:
    counts = {e.name: (len(records.recorded_runs(e)), e.recipe.replicates) for e in ready}
    conflicts = [c for e in ready for c in records.find_conflicts(e, paper, source)]
    name, behaviour = settings.compare.experiments.undistorted, None
    if counts.get(name, (0, 0))[0]:
        recipe = _recipe(settings, name)
        network = catalogue.network(recipe.network, recipe.database, paper)
        behaviour = observe(recipe, network)
    return RunEvidence(counts, conflicts, behaviour)


def _recipe(settings: Settings, name: str) -> Recipe:
    recipe = settings.experiment(name)
    if not isinstance(recipe, Recipe):
        raise ReplicationError(
            f"params.yaml: compare.experiments names {name}, which is no network of the paper: "
            "name another"
        )
    return recipe


@dataclass(frozen=True)
class _Auditor:
    """A judge of settings and experiments, by the params and then by the runs about them."""

    paper: Paper
    settings: Settings
    from_runs: RunEvidence | None

    def judge_choice(self, choice: Choice) -> Setting:
        """Judge a setting of the authors, or a key that they do not mention."""
        roles = self.settings.compare.experiments
        about = list(experiments_about(self.settings, choice))
        claim_columns = (choice.id, choice.page, choice.statement)
        if choice.about == "distorted" and not about:
            remark = f"there is no experiment {roles.distorted}"
            return Setting(*claim_columns, "not made", "departs", remark)
        role = roles.distorted if choice.about == "distorted" else roles.undistorted
        recipe = _recipe(self.settings, role)
        opinion = judge(self._case(choice, recipe))
        keys = [key.removeprefix("base.") for key in choice.keys]
        unused = records.unused_keys(recipe, self.paper)
        if keys and all(covers(unused, key) for key in keys):
            opinion = opinion._replace(status="unstated", remark="of no effect in this reading")
        keys = [key.removeprefix("prepare.") for key in keys if key != "replicates"]
        return Setting(
            *claim_columns, *self._confirm(opinion, about, (*keys, *choice.evidence, *WHOLE))
        )

    def judge_experiment(self, name: str) -> Setting:
        """Judge an experiment by its changes of base."""
        recipe, printed = self.settings.experiments[name], "what the rows of single settings say"
        if isinstance(recipe, Modern):
            printed = "not the paper's"
            remark = "on purpose: not the paper's network or training, but one to compare them with"
            opinion = Opinion("LeNet-5 as usually built today", "departs", remark)
        elif isinstance(recipe, Classifier):
            choice = self.paper.choices.get(recipe.system)
            printed = choice.statement if choice else "not stated"
            remark = "what the paper leaves open is in the module's own words"
            opinion = Opinion(_options(recipe), "unstated", remark)
        else:
            opinion = self._judge_trained(recipe)
        keys = (*recipe.in_force(), *WHOLE, "evidence", "history", "presentations", "parameters")
        return Setting(f"experiments.{name}", "", printed, *self._confirm(opinion, [name], keys))

    def _case(self, choice: Choice, recipe: Recipe) -> Case:
        behaviour = self.from_runs.behaviour if self.from_runs else None
        return Case(self.paper, self.settings, recipe, choice, behaviour)

    def _confirm(self, opinion: Opinion, about: Sequence[str], keys: Sequence[str]) -> Opinion:
        """Return the opinion, confirmed or contradicted by the runs of ``about`` in ``keys``."""
        if self.from_runs is None or not about:
            return opinion
        in_force, status, remark = opinion
        conflicts = self.from_runs.conflicts
        against = [c for c in conflicts if c.experiment in about and covers(keys, c.key)]
        if against:
            texts = "; ".join(f"in {c.experiment}, {c.key}: {c.text}" for c in against)
            return Opinion(in_force, "contradiction", f"{remark}; but {texts}")
        existing, requested = (sum(self.from_runs.runs[name][n] for name in about) for n in (0, 1))
        if existing:
            return Opinion(in_force, status, f"{remark} (in {existing} of {requested} runs)")
        unseen: Status = "unstated" if status == "faithful" else status
        return Opinion(in_force, unseen, f"{remark} (no run yet)")

    def _judge_trained(self, recipe: Recipe | Combined) -> Opinion:
        single = records.network_recipe(recipe)
        unused = {"replicates", *records.unused_keys(recipe, self.paper)}
        base = flatten(self.settings.base.model_dump())
        changed = {
            key: value
            for key, value in flatten(single.model_dump()).items()
            if value != base.get(key) and not covers(unused, key)
        }
        in_force = "; ".join(f"{k}: {format_value(v)}" for k, v in changed.items()) or "as base"
        if isinstance(recipe, Combined):
            in_force = f"{recipe.system} with {_options(recipe)}; {in_force}"
        opinions = self._opinions(single, unused)
        status: Status = max(
            (opinion.status for opinion in opinions), key=get_args(Status).index, default="faithful"
        )
        remarks = dict.fromkeys(opinion.remark for opinion in opinions)
        return Opinion(in_force, status, "; ".join(remarks) or "they hold")

    def _opinions(self, recipe: Recipe, unused: set[str]) -> list[Opinion]:
        """Return the opinions on the choices that an experiment changes."""
        choices = self.paper.choices.values()
        others = [choice for choice in choices if choice.heading == "other"]
        # What the paper says of LeNet-5 alone, an entry under `other` says of every network.
        general = [key for choice in others for key in choice.keys]
        claims = [c for c in choices if c.heading == "claims" and c.keys]
        own = [choice for choice in claims if not covers(general, choice.keys[0])]
        opinions = []
        for choice in (*others, *own):
            used = not all(covers(unused, key.removeprefix("base.")) for key in choice.keys)
            opinion = judge(self._case(choice, recipe))
            if used and opinion != judge(self._case(choice, self.settings.base)):
                opinions.append(opinion)
        return opinions


def _options(recipe: AnyRecipe) -> str:
    options: Mapping[str, object] = getattr(recipe, "options", {})
    return ", ".join(f"{key}: {format_value(value)}" for key, value in options.items()) or "fitted"


def differences(paper: Paper, before: Settings, after: Settings) -> Iterator[str]:
    """Yield a sentence for each changed key: its values, the paper's, and the runs it changes."""
    touched: dict[tuple[str, str, str], list[str]] = {}
    earlier, later = _recipes(before), _recipes(after)
    for name in {**earlier, **later}:
        if name not in earlier or name not in later:
            yield f"{name}: {'added' if name in later else 'removed'}"
            continue
        old, new = (
            _effective_settings(paper, earlier[name]),
            _effective_settings(paper, later[name]),
        )
        for key, values in _list_changes(old, new, "of no effect"):
            touched.setdefault((f"base.{key}", *values), []).append(name)
    sections = {"experiments", "variance"}
    old, new = (flatten(settings.model_dump(exclude=sections)) for settings in (before, after))
    for key, values in _list_changes(old, new, "absent"):
        touched.setdefault((key, *values), [])
    for (key, earlier_value, later_value), names in touched.items():
        runs = f"changes {', '.join(names)}" if names else "changes no run"
        change = f"{key}: {earlier_value} -> {later_value}"
        yield f"{change}; {_place_in_paper(paper, key, after)}; {runs}"


def _list_changes(
    old: dict[str, Any], new: dict[str, Any], absent: str
) -> Iterator[tuple[str, tuple[str, str]]]:
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            yield key, (format_value(old.get(key, absent)), format_value(new.get(key, absent)))


def _recipes(settings: Settings) -> dict[str, AnyRecipe]:
    return {**settings.experiments, **{f"variance.{k}": v for k, v in settings.variance.items()}}


def _effective_settings(paper: Paper, recipe: AnyRecipe) -> dict[str, Any]:
    unused, values = records.unused_keys(recipe, paper), flatten(recipe.model_dump())
    return {key: value for key, value in values.items() if not covers(unused, key)}


def _place_in_paper(paper: Paper, key: str, settings: Settings) -> str:
    for choice in paper.choices.values():
        if covers(choice.keys, key):
            opinion = judge(Case(paper, settings, settings.base, choice))
            where = f"p. {choice.page} ({choice.id})" if choice.page else "not in the paper"
            return f"{where}, {opinion.status}: {opinion.remark}"
    return "not in the paper"
