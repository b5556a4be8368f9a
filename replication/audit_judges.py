"""How a setting in force is judged beside the paper: the functions behind `audit_rules`.

Published values come from data/paper; what stands here are readings of its statements.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby
from typing import Any, Literal, NamedTuple

from replication.claims import Claim
from replication.networks import catalogue
from replication.networks.specification import Network
from replication.paper import Paper
from replication.settings import Combined, Recipe, Settings

Status = Literal["faithful", "departs", "unstated"]


class Opinion(NamedTuple):
    """What is in force, how it stands to the paper, and why."""

    ours: str
    status: Status
    reason: str


class Case(NamedTuple):
    """What is judged: one experiment of some settings, beside the paper."""

    paper: Paper
    chosen: Settings
    recipe: Recipe

    def value(self, key: str) -> Any:
        """What a key of params.yaml, such as ``base.sdlm.mu``, is in this experiment."""
        section, *path = key.split(".")
        value: Any = self.recipe if section == "base" else getattr(self.chosen, section)
        for step in path:
            value = getattr(value, step)
        return value

    def network(self) -> Network:
        """The experiment's network, built from data/paper as training builds it."""
        return catalogue.network(self.recipe.network, self.recipe.database, self.paper)

    def words(self, claim: str) -> str:
        """The statement of a claim."""
        return self.paper.claims[claim].statement


Judge = Callable[[Case, Claim | None], Opinion]


def shown(value: Any) -> str:
    """A value for people; a run of equal entries is written once, with its length."""
    if isinstance(value, list | tuple):
        runs = [(shown(entry), len(list(same))) for entry, same in groupby(value)]
        return ", ".join(f"{entry} (x{count})" if count > 1 else entry for entry, count in runs)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)


def equal(key: str) -> Judge:
    """Faithful when the value is the printed one."""

    def judge(case: Case, claim: Claim | None) -> Opinion:
        published, value = claim.value if claim else None, case.value(key)
        if value == published:
            return Opinion(shown(value), "faithful", "as printed")
        return Opinion(shown(value), "departs", f"the paper has {shown(published)}")

    return judge


def word(key: str, printed: str, departs: str) -> Judge:
    """Faithful when the value is the word that stands for the statement."""

    def judge(case: Case, claim: Claim | None) -> Opinion:
        del claim
        value = shown(case.value(key))
        faithful = value == printed
        return Opinion(value, "faithful" if faithful else "departs",
                       "as printed" if faithful else departs)  # fmt: skip

    return judge


def left_open(key: str, reason: str) -> Judge:
    """The paper leaves it open; ``reason`` is our reading and its evidence."""

    def judge(case: Case, claim: Claim | None) -> Opinion:
        del claim
        return Opinion(shown(case.value(key)), "unstated", reason)

    return judge


def group(reason: str) -> Judge:
    """A group of keys that is ours altogether."""

    def judge(case: Case, claim: Claim | None) -> Opinion:
        del case, claim
        return Opinion("as in params.yaml", "unstated", reason)

    return judge


def input_field(case: Case, claim: Claim | None) -> Opinion:
    """The field of the network's own table, p. 7."""
    field, prepared = case.network().field, case.chosen.prepare.field
    published = claim.value if claim else None
    ours = f"{field}x{field}" + ("" if prepared == field else f", summarised as {prepared}")
    if field == prepared == published:
        return Opinion(ours, "faithful", "28x28 images in the middle of the field")
    return Opinion(ours, "departs", f"the paper has {shown(published)}")


def connections(case: Case, claim: Claim | None) -> Opinion:
    """Table I, p. 8."""
    del claim
    tables = [layer.table for layer in case.network().layers if layer.name == "C3"]
    same = tables == [case.paper.connection_table]
    reason = "equal to data/paper/table1_c3_connections.csv, row by row"
    return Opinion(
        f"{case.recipe.network}: {sum(map(len, tables[0])) if tables else 0} pairs of maps",
        "faithful" if same else "departs",
        reason if same else "not the connections of Table I",
    )


def codes(case: Case, claim: Claim | None) -> Opinion:
    """The codes of Figure 3, p. 8."""
    del claim
    ours, printed = case.network().codes, case.paper.digit_codes
    same = ours.shape == printed.shape and bool((ours == printed).all())
    reason = "equal to data/paper/figure3_rbf_codes.txt, pixel by pixel; not trained"
    shape = "x".join(map(str, ours.shape)) if ours.size else "none"
    return Opinion(
        f"fixed codes: {shape}",
        "faithful" if same else "departs",
        reason if same else "not the codes of Figure 3",
    )


def subsampling(case: Case, claim: Claim | None) -> Opinion:
    """Page 7 against page 6."""
    del claim
    value = case.recipe.subsampling.reading
    if value == "added":
        return Opinion(value, "faithful", "as on p. 7; p. 6 says that the inputs are averaged")
    return Opinion(value, "departs", "as on p. 6; p. 7, which is more detailed, says added")


def database(name: str, reading: str) -> Judge:
    """A version of the database besides the regular one, p. 10; ``reading`` is how ours is made."""

    def judge(case: Case, claim: Claim | None) -> Opinion:
        del claim
        if name not in case.chosen.prepare.databases:
            return Opinion("not made", "departs", f"prepare.databases does not name {name}")
        users = [key for key, one in case.chosen.experiments.items() if one.database == name]
        used = f"used by {', '.join(users)}" if users else "prepared; no experiment uses it"
        return Opinion(used, "unstated", reading)

    return judge


def criterion(name: str, equation: int) -> Judge:
    """Equation 8 or 9, p. 9."""

    def judge(case: Case, claim: Claim | None) -> Opinion:
        del claim
        value = case.recipe.criterion.name
        if value not in ("mle", "map") and case.recipe.network != "lenet5":
            reason = "equations 8 and 9 need RBF outputs, which this network has not"
            return Opinion(value, "unstated", reason)
        if value not in ("mle", "map"):
            return Opinion(value, "departs", "neither equation 8 nor equation 9")
        ours = f"{value}: equation {equation} is {'minimised' if value == name else 'not used'}"
        return Opinion(
            ours,
            "unstated",
            "the paper does not say which of equations 8 and 9 trained the reported network; "
            "results/readings.csv sets both beside Figure 5",
        )

    return judge


def divisor(case: Case, claim: Claim | None) -> Opinion:
    """What the criterion is divided by."""
    del claim
    value = case.recipe.criterion.divisor
    if value == 1:
        return Opinion(shown(value), "faithful", "as printed: the distance is not divided")
    return Opinion(
        shown(value),
        "unstated",
        "the paper prints no divisor, but with its rates and mu the undivided one trains badly; "
        "ours is inferred from Figure 5: results/readings.csv",
    )


def power(case: Case, claim: Claim | None) -> Opinion:
    """The fan-in's exponent, p. 41."""
    del claim
    value = case.recipe.initialisation.power
    if value == 1:
        return Opinion(shown(value), "faithful", "1/F, as printed")
    return Opinion(shown(value), "departs", "the paper prints 1/F and argues against its root")


def patterns(case: Case, claim: Claim | None) -> Opinion:
    """The whole training set, p. 10, or a size of Figure 6."""
    del claim
    value = case.recipe.training_patterns
    if value == case.paper.claims["data.train"].value:
        return Opinion(shown(value), "faithful", "as printed")
    if value in set(case.paper.training_set_size["training_patterns"]):
        return Opinion(shown(value), "faithful", "a size of Figure 6; the first of the set")
    return Opinion(shown(value), "departs", "neither the whole set nor a size of Figure 6")


def length(case: Case, claim: Claim | None) -> Opinion:
    """What a pass shows, p. 10."""
    del claim
    shows, available = case.recipe.presentations_per_pass, case.recipe.training_patterns
    whole = available == case.paper.claims["data.train"].value
    if not whole and available in set(case.paper.training_set_size["training_patterns"]):
        reason = "for how many passes Figure 6's smaller sets were trained is not said"
        return Opinion(shown(shows), "unstated", reason)
    if shows == available:
        return Opinion(shown(shows), "faithful", "each training pattern once a pass")
    return Opinion(shown(shows), "departs", f"not each of the {available} patterns once a pass")


def network(case: Case, claim: Claim | None) -> Opinion:
    """The network of Figure 2, p. 7."""
    del claim
    name = case.recipe.network
    if name == "lenet5":
        return Opinion(name, "faithful", "Figure 2, built layer by layer")
    return Opinion(name, "unstated", "another row of Figure 9, its training not described in full")


def regular(case: Case, claim: Claim | None) -> Opinion:
    """The version that LeNet-5 is trained on."""
    del claim
    name = case.recipe.database
    if name == "regular" or case.recipe.network != "lenet5":
        return Opinion(name, "faithful", "a version of Section III-A")
    return Opinion(name, "departs", "the paper trains LeNet-5 on the regular version")


def code(reason: str) -> Judge:
    """What the code does for every network, without a key of its own."""

    def judge(case: Case, claim: Claim | None) -> Opinion:
        del claim
        return Opinion(f"system {case.recipe.system}", "faithful", reason)

    return judge


_DISTORTED = re.compile(
    r"([\d,]+) originals and ([\d,]+) distorted patterns, (\d+) passes of ([\d,]+) presentations"
)


def distorted(case: Case, claim: Claim | None) -> Opinion:
    """The numbers of p. 11."""
    del claim
    recipe = case.recipe
    if not recipe.distorted:
        return Opinion("none", "faithful", "no distortions, as for the regular database")
    stated = _DISTORTED.search(case.words("lenet5.distorted-training-set"))
    published = [int(number.replace(",", "")) for number in stated.groups()] if stated else []
    originals = recipe.training_patterns
    ours = [
        originals,
        originals * recipe.distortions.copies,
        recipe.passes,
        recipe.presentations_per_pass,
    ]
    text = "{} originals and {} distorted, {} passes of {}".format(*ours)
    if ours == published:
        return Opinion(text, "faithful", "as printed; the kinds of distortion too")
    return Opinion(text, "departs", f"the paper has {shown(published)}")


def noise(case: Case, claim: Claim | None) -> Opinion:
    """The share of inverted pixels, p. 16."""
    published = claim.value if claim else None
    for name, one in case.chosen.experiments.items():
        if isinstance(one, Combined) and one.system == "noisy":
            share = one.options.get("inverted")
            faithful = share == published
            return Opinion(
                f"{name}: {shown(share)} of the pixels",
                "faithful" if faithful else "departs",
                "as printed; the noise is drawn anew for each version of a pattern"
                if faithful
                else f"the paper has {shown(published)}",
            )
    return Opinion("not made", "departs", "no experiment trains with noise")


def boosting(case: Case, claim: Claim | None) -> Opinion:
    """Three networks and how the later ones are taught, pp. 13-14."""
    del claim
    for name, one in case.chosen.experiments.items():
        if isinstance(one, Combined) and one.system == "boosted":
            return Opinion(
                f"{name}: three networks {one.network}",
                "faithful",
                "filtered as stated, outputs added; how many patterns are filtered is ours: "
                "replication/systems/boosted.py",
            )
    return Opinion("not made", "departs", "no experiment boosts")
