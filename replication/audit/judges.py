"""How a setting stands to the paper: the functions behind the table in `rules`.

Published values come from data/paper. What stands here are readings of its statements; where a
reason names an id such as library.distance, that entry of data/paper/beyond.yaml is the source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any, Literal, NamedTuple

import numpy as np

from replication.audit.behaviour import Behaviour
from replication.mnist.versions import slants
from replication.networks import catalogue
from replication.networks.specification import Network
from replication.paper import Claim, Paper
from replication.settings import Classifier, Combined, Recipe, Settings, value_at

# From the best to the worst.
Status = Literal["faithful", "unstated", "departs", "contradiction"]
# How far, as a share, float32 may lead from the reference in float64, with room to spare.
CLOSE = 1e-3
_KINDS = {"shift_x": "horizontal translation", "shift_y": "vertical translation",
          "inverse_scale": "scaling", "log_squeeze": "squeezing",
          "shear": "horizontal shear"}  # fmt: skip


class Opinion(NamedTuple):
    """What is in force, how it stands to the paper, and why."""

    ours: str
    status: Status
    reason: str


class Case(NamedTuple):
    """What is judged: one experiment of some settings, beside the paper.

    claim: the published setting; None for a key that the paper states nothing of.
    behaviour: what the code does that made the runs; None where no run is looked at.
    """

    paper: Paper
    settings: Settings
    recipe: Recipe
    claim: Claim | None = None
    behaviour: Behaviour | None = None

    @property
    def published(self) -> Any:
        """The value that the claim gives."""
        return self.claim.value if self.claim else None

    def value(self, key: str) -> Any:
        """What a key of params.yaml, such as ``base.sdlm.mu``, is in this experiment."""
        section, _, rest = key.partition(".")
        return value_at(self.recipe if section == "base" else getattr(self.settings, section), rest)

    def network(self) -> Network:
        """The experiment's network, built from data/paper as training builds it."""
        return catalogue.network(self.recipe.network, self.recipe.database, self.paper)

    def opinion(self, ours: str, same: bool, why: str = "as printed", other: str = "") -> Opinion:
        """Faithful, or departing: then ``other`` says why, or what the claim gives."""
        theirs = other or f"the paper has {shown(self.published)}"
        return Opinion(ours, "faithful" if same else "departs", why if same else theirs)


Judge = Callable[[Case], Opinion]
Said = tuple[Status, str]


def printed(key: str) -> Judge:
    """Faithful when the key has the value of the claim."""
    return lambda case: case.opinion(shown(case.value(key)), case.value(key) == case.published)


def valued(key: str, said: Mapping[Any, Said], otherwise: Said) -> Judge:
    """By value of the key, how it stands and why; without a key, of a whole group."""

    def judge(case: Case) -> Opinion:
        ours = case.value(key) if key else None
        return Opinion(shown(ours) if key else "as in params.yaml", *said.get(ours, otherwise))

    return judge


def input_field(case: Case) -> Opinion:
    """The field of the network's own table, p. 7."""
    field, prepared = case.network().field, case.settings.prepare.field
    ours = f"{field}x{field}" + ("" if prepared == field else f", summarised as {prepared}")
    return case.opinion(ours, field == prepared == case.published, "28x28 in the field's middle")


def connections(case: Case) -> Opinion:
    """Table I, p. 8."""
    tables = [layer.table for layer in case.network().layers if layer.name == "C3"]
    ours = f"{case.recipe.network}: {sum(map(len, tables[0])) if tables else 0} pairs of maps"
    reason = "equal to data/paper/table1_c3_connections.csv, row by row"
    return case.opinion(ours, tables == [case.paper.connection_table], reason, "not Table I")


def codes(case: Case) -> Opinion:
    """The codes of Figure 3, p. 8."""
    ours = case.network().codes
    same = np.array_equal(ours, case.paper.digit_codes)
    reason = "equal to data/paper/figure3_rbf_codes.txt, pixel by pixel; not trained"
    return case.opinion(f"fixed codes: {len(ours)}", same, reason, "not the codes of Figure 3")


def deslanted(case: Case) -> Opinion:
    """Second moments of pixels that are 1 or 0, p. 10: what do ours take a grey pixel for?"""
    grey = np.zeros((1, 8, 8), np.uint8)
    grey[0, [1, 2, 4, 6, 6], [1, 3, 3, 5, 6]] = [40, 255, 120, 200, 90]
    binary = [np.where(grey > least, 255, 0).astype(np.uint8) for least in (0, 127)]
    same = any((slants(grey) == slants(one)).all() for one in binary)
    other = "the paper's moments take a pixel as 1 or 0; ours count a pixel by its ink"
    return _database(case, "deslanted") or case.opinion(
        _users(case, "deslanted"), same, other=other
    )


def sixteen(case: Case) -> Opinion:
    """The third version of the database, p. 10."""
    reason = "how the images were reduced is not said: ours takes means over areas"
    return _database(case, "sixteen") or Opinion(_users(case, "sixteen"), "unstated", reason)


def _database(case: Case, name: str) -> Opinion | None:
    prepared = any(one.startswith(name) for one in case.settings.prepare.databases)
    return None if prepared else Opinion("not made", "departs", f"prepare.databases has no {name}")


def _users(case: Case, name: str) -> str:
    all_there = case.settings.experiments.items()
    users = [key for key, one in all_there if one.database.startswith(name)]
    return f"used by {', '.join(users)}" if users else "prepared; no experiment uses it"


def initial_range(case: Case) -> Opinion:
    """The range 2.4 / F, p. 41: its text argues for F against the root of F."""
    rules = case.recipe.initialisation
    other = f"the paper prints {shown(case.published)} / F"
    if rules.power != 1:
        other += (
            " and argues against its root; the authors' library takes the root, in its LeNet-5 "
            "example of 1, and calls 2.5 reasonable (library.initial-range)"
        )
    ours = f"{shown(rules.range)} / F" + ("" if rules.power == 1 else f"^{shown(rules.power)}")
    return case.opinion(ours, (rules.range, rules.power) == (case.published, 1), other=other)


def criterion(name: str, equation: int) -> Judge:
    """Equation 8 or 9, p. 9."""

    def judge(case: Case) -> Opinion:
        value = case.recipe.criterion.name
        if value not in ("mle", "map"):
            reason = "equations 8 and 9 need RBF outputs, which this network has not"
            return Opinion(value, "departs" if case.network().codes.size else "unstated", reason)
        return Opinion(
            f"{value}: equation {equation} is {'minimised' if value == name else 'not used'}",
            "unstated",
            "the paper does not say which of equations 8 and 9 trained the reported network; the "
            "authors' library has equation 9 (library.map); results/readings.csv compares",
        )

    return judge


def curvature_start(case: Case) -> Opinion:
    """What the recursion of Appendix C starts with, p. 42."""
    start = case.recipe.sdlm.curvature_start
    reason = "the authors' library starts with 1 at every output (library.curvature-start)"
    if start != 1:
        reason = f"{'' if start == 'exact' else 'not '}the criterion's own; {reason}"
    return Opinion(shown(start), "unstated", reason)


def online(case: Case) -> Opinion:
    """An update after each pattern, p. 41: seen in what the kernels do with a few."""
    if case.behaviour is None:
        return Opinion("not looked at", "unstated", "no setting decides it")
    off = case.behaviour.update
    reason = "the kernels update after each pattern, without momentum"
    ours = f"within {off:.0e} of equation 18 after a few patterns"
    return case.opinion(ours, off < CLOSE, reason, "the kernels do something else")


def steps(case: Case) -> Opinion:
    """Equations 18 to 27, p. 42: seen in the steps that the optimiser gives."""
    name, behaviour = case.recipe.optimiser.name, case.behaviour
    if name != "sdlm":
        return Opinion(name, "departs", "not the method of Appendix C")
    if behaviour is None:
        return Opinion(name, "unstated", "no setting decides it")
    ours = (
        f"steps within {behaviour.steps:.0e} of a plain recursion's, updates {behaviour.update:.0e}"
    )
    reason = "the equations, as the torch reference has them in float64"
    same = max(behaviour.steps, behaviour.update) < CLOSE
    if same and case.recipe.sdlm.curvature_start != "exact":
        return Opinion(ours, "unstated", f"{reason}, begun as base.sdlm.curvature_start says")
    return case.opinion(ours, same, reason, f"not {reason}")


def precision(case: Case) -> Opinion:
    """The paper does not say how exactly its machine computed."""
    ours = case.behaviour.precision if case.behaviour else "not looked at"
    return Opinion(ours, "unstated", "not said; speed, and the same bytes on every processor")


def tangent(case: Case) -> Opinion:
    """A tanh(S a), p. 8."""
    if case.behaviour is None:
        return Opinion("not looked at", "unstated", "no setting decides it")
    off = case.behaviour.tanh
    reason = (
        "the paper prints tanh; ours, as the authors' library's (library.squashing), is rational"
    )
    # Rounding alone leads half a unit of the 24th bit away.
    return case.opinion(f"within {off:.0e} of tanh", off < 2.0**-24, other=reason)


def patterns(case: Case) -> Opinion:
    """The whole training set, p. 10, or a size of Figure 6."""
    value = case.recipe.training_patterns
    if value in _smaller(case):
        return Opinion(shown(value), "faithful", "a size of Figure 6; the first of the set")
    same = value == case.paper.claims["data.train"].value
    return case.opinion(shown(value), same, other="neither the whole set nor a size of Figure 6")


def length(case: Case) -> Opinion:
    """What a pass shows, p. 10."""
    shows, available = case.recipe.presentations_per_pass, case.recipe.training_patterns
    if available in _smaller(case):
        reason = "for how many passes Figure 6's smaller sets were trained is not said"
        return Opinion(shown(shows), "unstated", reason)
    other = f"not each of the {available} patterns once a pass"
    return case.opinion(shown(shows), shows == available, "each pattern once a pass", other)


def _smaller(case: Case) -> set[int]:
    sizes = set(case.paper.training_set_size["training_patterns"])
    return sizes - {case.paper.claims["data.train"].value}


def regular(case: Case) -> Opinion:
    """The version that LeNet-5 is trained on."""
    name = case.recipe.database
    same = name == "regular" or case.recipe.network != "lenet5"
    other = "the paper trains LeNet-5 on the regular version"
    return case.opinion(name, same, "a version of Section III-A", other)


def distorted(case: Case) -> Opinion:
    """The numbers and the kinds of p. 11."""
    recipe, distortions = case.recipe, case.recipe.distortions
    if not recipe.distorted:
        return Opinion("none", "departs", "the paper trains on distorted patterns here")
    stated = case.paper.claims["lenet5.distorted-training-set"].numbers
    theirs = [stated[key] for key in ("originals", "distorted", "passes", "presentations")]
    originals, shows = recipe.training_patterns, recipe.presentations_per_pass
    ours = [originals, originals * distortions.copies, recipe.passes, shows]
    ranges = {kind: getattr(distortions, key) for key, kind in _KINDS.items()}
    absent = [f"there is no {kind}" for kind, one in ranges.items() if one.low == one.high]
    wrong = [f"the paper has {shown(theirs)}"] * (ours != theirs) + absent
    text = "{} originals and {} distorted, {} passes of {}".format(*ours)
    return case.opinion(text, not wrong, "as printed, all kinds of distortion", "; ".join(wrong))


def noise(case: Case) -> Opinion:
    """The share of inverted pixels, p. 16."""
    shares = [one.options.get("inverted") for one in _combined(case, "noisy")]
    ours = f"{shown(shares)} of the pixels" if shares else "no experiment trains with noise"
    return case.opinion(ours, set(shares) == {case.published})


def neighbours(case: Case) -> Opinion:
    """How many neighbours vote for the deslanted images, p. 12."""
    name = case.settings.compare.systems.get("knn-euclidean/deslanted", "")
    one = case.settings.experiments.get(name)
    ours = one.options.get("neighbours") if isinstance(one, Classifier) else "not made"
    return case.opinion(shown(ours), ours == case.published)


def boosting(case: Case) -> Opinion:
    """Three networks and how the later ones are taught, pp. 13-14."""
    kinds = {(one.network, one.distorted) for one in _combined(case, "boosted")}
    ours = [f"three {name}{' with distortions' * distorted}" for name, distorted in sorted(kinds)]
    reason = "as printed; out of how many the patterns are filtered is ours"
    other = "the paper boosts LeNet-4, with distorted patterns"
    return case.opinion(shown(ours) or "none", kinds == {("lenet4", True)}, reason, other)


def _combined(case: Case, system: str) -> list[Combined]:
    all_there = case.settings.experiments.values()
    return [one for one in all_there if isinstance(one, Combined) and one.system == system]


def shown(value: Any) -> str:
    """A value for people; a run of equal entries is written once, with its length."""
    if isinstance(value, list | tuple):
        runs = [(shown(entry), len(list(same))) for entry, same in groupby(value)]
        return ", ".join(f"{entry} (x{count})" if count > 1 else entry for entry, count in runs)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)
