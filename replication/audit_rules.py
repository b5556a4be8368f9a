"""What the audit knows: for each setting of the authors, and each key of params.yaml, how to judge.

`CLAIMS` has a rule for every claim of the kind setting, `OWN` one for what the paper does not state
as a setting. Published values come from data/paper; what stands here are readings of statements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any, Literal, NamedTuple

from replication.claims import Claim
from replication.networks import catalogue
from replication.networks.specification import Network
from replication.paper import Paper
from replication.settings import Recipe, Settings

Status = Literal["faithful", "departs", "unstated"]
Role = Literal["undistorted", "distorted"]


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


class Rule(NamedTuple):
    """How one setting is judged.

    Attributes:
        keys: of params.yaml; one that is a group stands for all below it.
        judge: gives the opinion; of a rule in `OWN`, it is given no claim.
        role: the experiment that is judged.
        page, paper: what the paper says and where, for rules in `OWN`.
    """

    keys: tuple[str, ...]
    judge: Judge
    role: Role = "undistorted"
    page: str = ""
    paper: str = "not stated"


def shown(value: Any) -> str:
    """A value for people; a run of equal entries is written once, with its length."""
    if isinstance(value, list | tuple):
        runs = [(shown(entry), len(list(same))) for entry, same in groupby(value)]
        return ", ".join(f"{entry} (x{count})" if count > 1 else entry for entry, count in runs)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)


def _equal(key: str) -> Judge:
    """Faithful when the value is the printed one."""

    def judge(case: Case, claim: Claim | None) -> Opinion:
        published, value = claim.value if claim else None, case.value(key)
        if value == published:
            return Opinion(shown(value), "faithful", "as printed")
        return Opinion(shown(value), "departs", f"the paper has {shown(published)}")

    return judge


def _word(key: str, printed: str, departs: str) -> Judge:
    """Faithful when the value is the word that stands for the statement."""

    def judge(case: Case, claim: Claim | None) -> Opinion:
        del claim
        value = shown(case.value(key))
        faithful = value == printed
        return Opinion(value, "faithful" if faithful else "departs",
                       "as printed" if faithful else departs)  # fmt: skip

    return judge


def _open(key: str, reason: str) -> Judge:
    """The paper leaves it open; ``reason`` is our reading and its evidence."""

    def judge(case: Case, claim: Claim | None) -> Opinion:
        del claim
        return Opinion(shown(case.value(key)), "unstated", reason)

    return judge


def _group(reason: str) -> Judge:
    """A group of keys that is ours altogether."""

    def judge(case: Case, claim: Claim | None) -> Opinion:
        del case, claim
        return Opinion("as in params.yaml", "unstated", reason)

    return judge


def _input(case: Case, claim: Claim | None) -> Opinion:
    field, prepared = case.network().field, case.chosen.prepare.field
    published = claim.value if claim else None
    ours = f"{field}x{field}" + ("" if prepared == field else f", summarised as {prepared}")
    if field == prepared == published:
        return Opinion(ours, "faithful", "28x28 images in the middle of the field")
    return Opinion(ours, "departs", f"the paper has {shown(published)}")


def _connections(case: Case, claim: Claim | None) -> Opinion:
    del claim
    network = case.network()
    tables = [layer.table for layer in network.layers if layer.name == "C3"]
    same = tables == [case.paper.connection_table]
    reason = "equal to data/paper/table1_c3_connections.csv, row by row"
    return Opinion(
        f"{network.name}: {sum(map(len, tables[0])) if tables else 0} pairs of maps",
        "faithful" if same else "departs",
        reason if same else "not the connections of Table I",
    )


def _codes(case: Case, claim: Claim | None) -> Opinion:
    del claim
    codes = case.network().codes
    printed = case.paper.digit_codes
    same = codes.shape == printed.shape and bool((codes == printed).all())
    reason = "equal to data/paper/figure3_rbf_codes.txt, pixel by pixel; not trained"
    shape = "x".join(map(str, codes.shape)) if codes.size else "none"
    return Opinion(
        f"fixed codes: {shape}",
        "faithful" if same else "departs",
        reason if same else "not the codes of Figure 3",
    )


def _subsampling(case: Case, claim: Claim | None) -> Opinion:
    del claim
    value = case.recipe.subsampling.reading
    if value == "added":
        return Opinion(value, "faithful", "as on p. 7; p. 6 says that the inputs are averaged")
    return Opinion(value, "departs", "as on p. 6; p. 7, which is more detailed, says added")


def _database(name: str, reading: str) -> Judge:
    def judge(case: Case, claim: Claim | None) -> Opinion:
        del claim
        if name not in case.chosen.prepare.databases:
            return Opinion("not made", "departs", f"prepare.databases does not name {name}")
        users = [key for key, one in case.chosen.experiments.items() if one.database == name]
        used = f"used by {', '.join(users)}" if users else "prepared; no experiment uses it"
        return Opinion(used, "unstated", reading)

    return judge


def _criterion(name: str, equation: int) -> Judge:
    def judge(case: Case, claim: Claim | None) -> Opinion:
        del claim
        value = case.recipe.criterion.name
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


def _divisor(case: Case, claim: Claim | None) -> Opinion:
    del claim
    value = case.recipe.criterion.divisor
    if value == 1:
        return Opinion(shown(value), "faithful", "as printed: the distance is not divided")
    return Opinion(
        shown(value),
        "unstated",
        "the paper prints no divisor, but with its rates and mu the undivided criterion diverges; "
        "ours is inferred from Figure 5: results/readings.csv",
    )


def _power(case: Case, claim: Claim | None) -> Opinion:
    del claim
    value = case.recipe.initialisation.power
    if value == 1:
        return Opinion(shown(value), "faithful", "1/F, as printed")
    return Opinion(shown(value), "departs", "the paper prints 1/F and argues against its root")


def _patterns(case: Case, claim: Claim | None) -> Opinion:
    del claim
    value = case.recipe.training_patterns
    if value == case.paper.claims["data.train"].value:
        return Opinion(shown(value), "faithful", "as printed")
    if value in set(case.paper.training_set_size["training_patterns"]):
        return Opinion(shown(value), "faithful", "a size of Figure 6; the first of the set")
    return Opinion(shown(value), "departs", "neither the whole set nor a size of Figure 6")


def _length(case: Case, claim: Claim | None) -> Opinion:
    del claim
    length, patterns = case.recipe.presentations_per_pass, case.recipe.training_patterns
    if length == patterns:
        return Opinion(shown(length), "faithful", "each training pattern once")
    if patterns < length and patterns in set(case.paper.training_set_size["training_patterns"]):
        reason = "for how many passes Figure 6's smaller sets were trained is not said"
        return Opinion(shown(length), "unstated", reason)
    return Opinion(shown(length), "departs", f"not each of the {patterns} patterns once")


def _network(case: Case, claim: Claim | None) -> Opinion:
    del claim
    name = case.recipe.network
    if name == "lenet5":
        return Opinion(name, "faithful", "Figure 2, built layer by layer")
    return Opinion(name, "unstated", "another row of Figure 9, its training not described in full")


def _regular(case: Case, claim: Claim | None) -> Opinion:
    del claim
    name = case.recipe.database
    if name == "regular" or case.recipe.network != "lenet5":
        return Opinion(name, "faithful", "a version of Section III-A")
    return Opinion(name, "departs", "the paper trains LeNet-5 on the regular version")


def _code(reason: str) -> Judge:
    """What the code does for every network, without a key of its own."""

    def judge(case: Case, claim: Claim | None) -> Opinion:
        del claim
        return Opinion(f"system {case.recipe.system}", "faithful", reason)

    return judge


_DISTORTED = re.compile(
    r"([\d,]+) originals and ([\d,]+) distorted patterns, (\d+) passes of ([\d,]+) presentations"
)


def _distorted(case: Case, claim: Claim | None) -> Opinion:
    recipe = case.recipe
    if not recipe.distorted:
        return Opinion("none", "faithful", "no distortions, as for the regular database")
    stated = _DISTORTED.search(case.words("lenet5.distorted-training-set"))
    published = [int(number.replace(",", "")) for number in stated.groups()] if stated else []
    patterns = recipe.training_patterns
    ours = [
        patterns,
        patterns * recipe.distortions.copies,
        recipe.passes,
        recipe.presentations_per_pass,
    ]
    del claim
    text = "{} originals and {} distorted, {} passes of {}".format(*ours)
    if ours == published:
        return Opinion(text, "faithful", "as printed; the kinds of distortion too")
    return Opinion(text, "departs", f"the paper has {shown(published)}")


def _not_made(reason: str) -> Judge:
    def judge(case: Case, claim: Claim | None) -> Opinion:
        del case, claim
        return Opinion("not made", "departs", reason)

    return judge


CLAIMS: Mapping[str, Rule] = {
    "lenet5.input": Rule(("prepare.field", "base.network"), _input),
    "lenet5.c3.table": Rule(("base.network",), _connections),
    "lenet5.rbf.codes": Rule(("base.network",), _codes),
    "subsampling.rule": Rule(("base.subsampling.reading",), _subsampling),
    "input.background": Rule(("prepare.background",), _equal("prepare.background")),
    "input.foreground": Rule(("prepare.foreground",), _equal("prepare.foreground")),
    "data.deslanted": Rule(
        ("prepare.databases",),
        _database(
            "deslanted",
            "the paper's moments take a pixel as 1 or 0, but the images have grey levels: ours "
            "counts a pixel by its ink, and shears about the centre of mass",
        ),
    ),
    "data.sixteen": Rule(
        ("prepare.databases",),
        _database(
            "sixteen",
            "how the images were reduced is not said: ours takes means over areas of the 20x20 "
            "centre",
        ),
    ),
    "squashing.amplitude": Rule(("base.squashing.amplitude",), _equal("base.squashing.amplitude")),
    "squashing.slope": Rule(("base.squashing.slope",), _equal("base.squashing.slope")),
    "init.range": Rule(("base.initialisation.range",), _equal("base.initialisation.range")),
    "loss.mle": Rule(("base.criterion.name",), _criterion("mle", 8)),
    "loss.map": Rule(("base.criterion.name",), _criterion("map", 9)),
    "training.passes": Rule(("base.passes",), _equal("base.passes")),
    "training.online": Rule(
        ("base.system",), _code("the kernels update after each pattern; there is no batch size")
    ),
    "training.order": Rule(
        ("base.order",), _word("base.order", "constant", "the paper's order is the same each pass")
    ),
    "training.schedule": Rule(("base.learning_rates",), _equal("base.learning_rates")),
    "sdlm.mu": Rule(("base.sdlm.mu",), _equal("base.sdlm.mu")),
    "sdlm.samples": Rule(("base.sdlm.patterns",), _equal("base.sdlm.patterns")),
    "sdlm.update": Rule(
        ("base.system",),
        _code(
            "equations 18 to 27 in replication/learning; held against a naive recursion in tests"
        ),
    ),
    "lenet5.distorted-training-set": Rule(
        ("base.distorted", "base.distortions.copies"), _distorted, "distorted"
    ),
    "noise.salt-pepper": Rule((), _not_made("no experiment trains with noise")),
    "boosting.procedure": Rule((), _not_made("no experiment boosts")),
}

OWN: Mapping[str, Rule] = {
    "base.network": Rule(
        ("base.network",), _network, page="7", paper="LeNet-5 is the network of Figure 2"
    ),
    "base.database": Rule(
        ("base.database",), _regular, page="10", paper="LeNet-5 is trained on the regular database"
    ),
    "base.training_patterns": Rule(
        ("base.training_patterns",), _patterns, page="10", paper="60,000 patterns, claim data.train"
    ),
    "base.presentations_per_pass": Rule(
        ("base.presentations_per_pass",),
        _length,
        page="10",
        paper="a pass shows the whole training set",
    ),
    "base.distortions": Rule(
        ("base.distortions",),
        _group(
            "uniform distributions whose ranges are fitted to Figure 7 (results/distortions.csv); "
            "in force only where distorted is true"
        ),
        page="11",
        paper="the kinds of distortion are named, their sizes are not",
    ),
    "base.initialisation.power": Rule(
        ("base.initialisation.power",), _power, page="41", paper="2.4/F, not its square root"
    ),
    "base.initialisation.biases": Rule(
        ("base.initialisation.biases",),
        _open("base.initialisation.biases", "random is the range of the unit's weights"),
        page="41",
        paper="speaks of weights only",
    ),
    "base.subsampling.fan_in": Rule(
        ("base.subsampling.fan_in",),
        _open(
            "base.subsampling.fan_in",
            "a sub-sampling unit reads four pixels with one coefficient: its F is 4 or 1",
        ),
        page="41",
        paper="F is the number of inputs of the unit",
    ),
    "base.criterion.j": Rule(
        ("base.criterion.j",),
        _open("base.criterion.j", "compared with others in results/readings.csv"),
        page="9",
        paper="a positive constant; no value is given",
    ),
    "base.criterion.divisor": Rule(
        ("base.criterion.divisor",), _divisor, page="9", paper="equations 8 and 9 have no divisor"
    ),
    "base.replicates": Rule(
        ("base.replicates",), _open("base.replicates", "the paper reports one run: ours shows how "
        "far runs differ"),
    ),
    "base.seed": Rule(("base.seed",), _open("base.seed", "any number would do")),
    "base.streams": Rule(
        ("base.streams",), _group("which random numbers replicates share: for the study of variance")
    ),
    "train": Rule(("train",), _group("how the work is spread; changes no result")),
    "compare": Rule(
        ("compare",), _group("how verdicts are reached; fixed before any result was seen")
    ),
    "readings": Rule(("readings",), _group("the study of what the paper leaves open")),
    "collapse": Rule(
        ("collapse",),
        _group("how the small networks with trainable codes are trained: claim loss.collapse"),
    ),
}  # fmt: skip

# Systems that are not trained by the paper's recipe, so that no key of `base` holds for them.
SYSTEMS: Mapping[str, Opinion] = {
    "modern": Opinion(
        "LeNet-5 as usually built today",
        "departs",
        "on purpose: not the paper's network or training, but one to compare them with",
    ),
}
