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
from replication.settings import Combined, Recipe, Settings

Status = Literal["faithful", "departs", "unstated", "contradiction"]
# How far, as a share, float32 may lead from the reference in float64, with room to spare.
CLOSE = 1e-3
_KINDS = {
    "shift_x": "horizontal translation",
    "shift_y": "vertical translation",
    "inverse_scale": "scaling",
    "log_squeeze": "squeezing",
    "shear": "horizontal shear",
}


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
        section, *path = key.split(".")
        value: Any = self.recipe if section == "base" else getattr(self.settings, section)
        for step in path:
            value = getattr(value, step)
        return value

    def network(self) -> Network:
        """The experiment's network, built from data/paper as training builds it."""
        return catalogue.network(self.recipe.network, self.recipe.database, self.paper)

    def named(self, system: str) -> list[tuple[str, Combined]]:
        """The experiments of a system that is made of networks."""
        found = self.settings.experiments.items()
        return [(k, one) for k, one in found if isinstance(one, Combined) and one.system == system]


Judge = Callable[[Case], Opinion]
Said = tuple[Status, str]


def printed(key: str) -> Judge:
    """Faithful when the key has the value of the claim."""

    def judge(case: Case) -> Opinion:
        return _same(shown(case.value(key)), case.value(key) == case.published, case)

    return judge


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
    return _same(ours, field == prepared == case.published, case, "28x28 in the field's middle")


def connections(case: Case) -> Opinion:
    """Table I, p. 8."""
    tables = [layer.table for layer in case.network().layers if layer.name == "C3"]
    same = tables == [case.paper.connection_table]
    ours = f"{case.recipe.network}: {sum(map(len, tables[0])) if tables else 0} pairs of maps"
    return _same(ours, same, case, "equal to data/paper/table1_c3_connections.csv, row by row")


def codes(case: Case) -> Opinion:
    """The codes of Figure 3, p. 8."""
    ours, figure = case.network().codes, case.paper.digit_codes
    shape = "x".join(map(str, ours.shape)) if ours.size else "none"
    reason = "equal to data/paper/figure3_rbf_codes.txt, pixel by pixel; not trained"
    return _same(f"fixed codes: {shape}", np.array_equal(ours, figure), case, reason)


def deslanted(case: Case) -> Opinion:
    """Second moments of pixels that are 1 or 0, p. 10: what do ours take a grey pixel for?"""
    grey = np.zeros((1, 8, 8), np.uint8)
    grey[0, [1, 2, 4, 6, 6], [1, 3, 3, 5, 6]] = [40, 255, 120, 200, 90]
    binary = [np.where(grey > least, 255, 0).astype(np.uint8) for least in (0, 127)]
    if all((slants(grey) != slants(one)).all() for one in binary):
        reason = "the paper's moments take a pixel as 1 or 0; ours count a pixel by its ink"
        return Opinion(_database(case, "deslanted").ours, "departs", reason)
    return _database(case, "deslanted")


def sixteen(case: Case) -> Opinion:
    """The third version of the database, p. 10."""
    made = _database(case, "sixteen")
    reason = "how the images were reduced is not said: ours takes means over areas"
    return made if made.status == "departs" else made._replace(status="unstated", reason=reason)


def initial_range(case: Case) -> Opinion:
    """The range 2.4 / F, p. 41: its text argues for F against the root of F."""
    rules = case.recipe.initialisation
    below = "F" if rules.power == 1 else f"F^{shown(rules.power)}"
    theirs = f"the paper prints {shown(case.published)} / F"
    if rules.power != 1:
        theirs += (
            " and argues against its root; the authors' library takes the root, in its LeNet-5 "
            "example of 1, and calls 2.5 reasonable (library.initial-range)"
        )
    same = (rules.range, rules.power) == (case.published, 1)
    return _same(f"{shown(rules.range)} / {below}", same, case, otherwise=theirs)


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
    library = "the authors' library starts with 1 at every output (library.curvature-start)"
    if start == "exact":
        return Opinion("exact", "unstated", f"the criterion's own; {library}")
    reason = (
        library if start == 1 else f"neither the criterion's own second derivative nor 1: {library}"
    )
    return Opinion(shown(start), "unstated", reason)


def online(case: Case) -> Opinion:
    """An update after each pattern, p. 41: seen in what the kernels do with five."""
    if case.behaviour is None:
        return Opinion("not looked at", "unstated", "no setting decides it")
    off = case.behaviour.update
    ours = f"after five patterns {off:.0e} of their change beside equation 18"
    reason = "the kernels update after each pattern, without momentum"
    return _same(ours, off < CLOSE, case, reason, "the kernels do something else")


def order(case: Case) -> Opinion:
    """One random order, p. 41."""
    same = case.recipe.order == "constant"
    return _same(case.recipe.order, same, case, otherwise="the paper's is the same each pass")


def steps(case: Case) -> Opinion:
    """Equations 18 to 27, p. 42: seen in the steps that the optimiser gives."""
    name, found = case.recipe.optimiser.name, case.behaviour
    if name != "sdlm":
        return Opinion(name, "departs", "not the method of Appendix C")
    if found is None:
        return Opinion(name, "unstated", "no setting decides it")
    ours = f"steps within {found.steps:.0e} of a plain recursion's, updates {found.update:.0e}"
    if max(found.steps, found.update) >= CLOSE:
        return Opinion(ours, "departs", "not the equations, as the torch reference has them")
    if case.recipe.sdlm.curvature_start != "exact":
        return Opinion(ours, "unstated", "the equations, begun as base.sdlm.curvature_start says")
    return Opinion(ours, "faithful", "the equations, as the torch reference has them in float64")


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
        "the paper prints tanh; ours is a rational approximation, and so is that of the authors' "
        "library (library.squashing)"
    )
    # Rounding alone leads half a unit of the 24th bit away.
    return _same(f"within {off:.0e} of tanh", off < 2.0**-24, case, "tanh", reason)


def patterns(case: Case) -> Opinion:
    """The whole training set, p. 10, or a size of Figure 6."""
    value = case.recipe.training_patterns
    if value in set(case.paper.training_set_size["training_patterns"]) - {_whole(case)}:
        return Opinion(shown(value), "faithful", "a size of Figure 6; the first of the set")
    reason = "neither the whole set nor a size of Figure 6"
    return _same(shown(value), value == _whole(case), case, otherwise=reason)


def length(case: Case) -> Opinion:
    """What a pass shows, p. 10."""
    shows, available = case.recipe.presentations_per_pass, case.recipe.training_patterns
    if available in set(case.paper.training_set_size["training_patterns"]) - {_whole(case)}:
        reason = "for how many passes Figure 6's smaller sets were trained is not said"
        return Opinion(shown(shows), "unstated", reason)
    reason = f"not each of the {available} patterns once a pass"
    return _same(shown(shows), shows == available, case, "each pattern once a pass", reason)


def regular(case: Case) -> Opinion:
    """The version that LeNet-5 is trained on."""
    name = case.recipe.database
    same = name == "regular" or case.recipe.network != "lenet5"
    reason = "the paper trains LeNet-5 on the regular version"
    return _same(name, same, case, "a version of Section III-A", reason)


def distorted(case: Case) -> Opinion:
    """The numbers and the kinds of p. 11."""
    recipe, chosen = case.recipe, case.recipe.distortions
    if not recipe.distorted:
        return Opinion("none", "departs", "the paper trains on distorted patterns here")
    stated = case.paper.claims["lenet5.distorted-training-set"].numbers
    originals = recipe.training_patterns
    shows = recipe.presentations_per_pass
    ours = [originals, originals * chosen.copies, recipe.passes, shows]
    theirs = [stated[key] for key in ("originals", "distorted", "passes", "presentations")]
    text = "{} originals and {} distorted, {} passes of {}".format(*ours)
    none = [
        kind
        for key, kind in _KINDS.items()
        if getattr(chosen, key).low == getattr(chosen, key).high
    ]
    wrong = [f"the paper has {shown(theirs)}"] if ours != theirs else []
    wrong += [f"there is no {', no '.join(none)}"] if none else []
    return _same(text, not wrong, case, "as printed, all kinds of distortion", "; ".join(wrong))


def noise(case: Case) -> Opinion:
    """The share of inverted pixels, p. 16."""
    shares = {name: one.options.get("inverted") for name, one in case.named("noisy")}
    ours = ", ".join(f"{name}: {shown(share)} of the pixels" for name, share in shares.items())
    same = bool(shares) and set(shares.values()) == {case.published}
    return _same(ours or "no experiment trains with noise", same, case)


def boosting(case: Case) -> Opinion:
    """Three networks and how the later ones are taught, pp. 13-14."""
    found = case.named("boosted")
    ours = ", ".join(
        f"{name}: three {one.network}{' with distortions' if one.distorted else ''}"
        for name, one in found
    )
    same = bool(found) and all(one.network == "lenet4" and one.distorted for _, one in found)
    return _same(
        ours or "no experiment boosts",
        same,
        case,
        "as printed; out of how many the patterns are filtered is ours",
        "the paper boosts LeNet-4, with distorted patterns",
    )


def shown(value: Any) -> str:
    """A value for people; a run of equal entries is written once, with its length."""
    if isinstance(value, list | tuple):
        runs = [(shown(entry), len(list(same))) for entry, same in groupby(value)]
        return ", ".join(f"{entry} (x{count})" if count > 1 else entry for entry, count in runs)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)


def _same(
    ours: str, same: bool, case: Case, faithful: str = "as printed", otherwise: str = ""
) -> Opinion:
    """Faithful or departing; a departure without a reason names what the claim gives."""
    theirs = otherwise or f"the paper has {shown(case.published)}"
    return Opinion(ours, "faithful" if same else "departs", faithful if same else theirs)


def _whole(case: Case) -> Any:
    return case.paper.claims["data.train"].value


def _database(case: Case, name: str) -> Opinion:
    users = [key for key, one in case.settings.experiments.items() if one.database == name]
    if name not in case.settings.prepare.databases:
        return Opinion("not made", "departs", f"prepare.databases does not name {name}")
    ours = f"used by {', '.join(users)}" if users else "prepared; no experiment uses it"
    return Opinion(ours, "faithful", "as printed")
