"""What the audit knows: a rule for each setting of the authors, and for each key of params.yaml.

`CLAIMS` has the claims of the kind setting, `OWN` what the paper does not state as a setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from replication.audit import judges
from replication.audit.judges import Judge, Said, printed, valued

# Keys of the records that the initial weights, the order and the length of training decide.
_FIRST, _ORDER = "evidence.initial_weights_sha256", "evidence.first_pass_order_sha256"
_SHOWN = ("history", "presentations")


class Rule(NamedTuple):
    """How one setting is judged.

    Attributes:
        judge: gives the opinion; of a rule in `OWN`, it is given no claim.
        keys: of params.yaml; one that is a group stands for all below it.
        evidence: further keys of the records of runs that speak of it.
        about: whose runs: an entry of compare.experiments, the experiments of a system or those on
            a database; empty where no run decides it.
        page, paper: what the paper says and where, for rules in `OWN`.
    """

    judge: Judge
    keys: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    about: str = "undistorted"
    page: str = ""
    paper: str = "not stated"


def _printed(key: str, *evidence: str) -> Rule:
    return Rule(printed(key), (key,), evidence)


def _stated(key: str, page: str, paper: str, value: str | int, why: str, otherwise: Said) -> Rule:
    """The paper states ``value``, though not as a value of claims.yaml."""
    judge = valued(key, {value: ("faithful", why)}, otherwise)
    return Rule(judge, (key,), page=page, paper=paper)


def _library(key: str, page: str, paper: str, theirs: str | int, source: str) -> Rule:
    """The paper leaves it open, and the authors' later library has ``theirs``."""
    like = f"as in the authors' library (library.{source})"
    unlike = f"the authors' library has {theirs} (library.{source})"
    judge = valued(key, {theirs: ("unstated", like)}, ("unstated", unlike))
    return Rule(judge, (key,), (_FIRST,) if "sdlm" not in key else (), page=page, paper=paper)


def _open(key: str, reason: str, page: str = "", paper: str = "not stated") -> Rule:
    return Rule(valued(key, {}, ("unstated", reason)), (key,), page=page, paper=paper)


def _group(key: str, reason: str, about: str = "") -> Rule:
    return Rule(valued("", {}, ("unstated", reason)), (key,), about=about)


# fmt: off
CLAIMS: Mapping[str, Rule] = {
    "lenet5.input": Rule(judges.input_field, ("base.network", "prepare.field")),
    "lenet5.c3.table": Rule(judges.connections, ("base.network",), ("parameters",)),
    "lenet5.rbf.codes": Rule(judges.codes, ("base.network",), ("parameters",)),
    "subsampling.rule": _stated(
        "base.subsampling.reading", "", "", "added",
        "as on p. 7 and in the authors' library (library.coefficients); p. 6 says averaged",
        ("departs", "as on p. 6; p. 7, which is more detailed, says added")),
    "input.background": _printed("prepare.background"),
    "input.foreground": _printed("prepare.foreground"),
    "data.deslanted": Rule(judges.deslanted, ("prepare.databases",), about="deslanted"),
    "data.sixteen": Rule(judges.sixteen, ("prepare.databases",), about="sixteen"),
    "squashing.amplitude": _printed("base.squashing.amplitude"),
    "squashing.slope": _printed("base.squashing.slope"),
    "init.range": Rule(
        judges.initial_range, ("base.initialisation.range", "base.initialisation.power"),
        (_FIRST,)),
    "loss.mle": Rule(judges.criterion("mle", 8), ("base.criterion.name",)),
    "loss.map": Rule(judges.criterion("map", 9), ("base.criterion.name",)),
    "training.passes": _printed("base.passes", *_SHOWN),
    "training.online": Rule(judges.online, ("base.system",), _SHOWN),
    "training.order": Rule(
        valued("base.order", {"constant": ("faithful", "as printed")},
               ("departs", "the paper's order is the same each pass")),
        ("base.order",), (_ORDER,)),
    "training.schedule": _printed("base.learning_rates", *_SHOWN),
    "sdlm.mu": _printed("base.sdlm.mu", *_SHOWN),
    "sdlm.samples": _printed("base.sdlm.patterns"),
    "sdlm.update": Rule(judges.steps, ("base.system", "base.optimiser.name"), _SHOWN),
    "lenet5.distorted-training-set": Rule(
        judges.distorted, ("base.distorted", "base.distortions"), (_ORDER, *_SHOWN), "distorted"),
    "noise.salt-pepper": Rule(judges.noise, (), ("options",), "noisy"),
    "boosting.procedure": Rule(
        judges.boosting, (), ("options", "network", "distorted", "evidence"), "boosted"),
    "knn.neighbours": Rule(judges.neighbours, (), ("options",)),
}

_OWN = (
    _stated(
        "base.network", "7", "LeNet-5 is the network of Figure 2", "lenet5",
        "Figure 2, built layer by layer",
        ("unstated", "another row of Figure 9, its training not described in full")),
    Rule(
        judges.regular, ("base.database",),
        page="10", paper="LeNet-5 is trained on the regular database"),
    Rule(
        judges.patterns, ("base.training_patterns",), (_ORDER,),
        page="10", paper="60,000 patterns, claim data.train"),
    Rule(
        judges.length, ("base.presentations_per_pass",), (_ORDER, *_SHOWN),
        page="10", paper="a pass shows the whole training set"),
    Rule(
        valued("", {}, ("unstated", "uniform, fitted to Figure 7: results/distortions.csv")),
        ("base.distortions",), (), "distorted",
        "11", "the kinds of distortion are named, their sizes are not"),
    _stated(
        "base.optimiser.name", "41",
        "LeNet-5 is trained by the stochastic diagonal Levenberg-Marquardt method", "sdlm",
        "as printed", ("departs", "the paper trains by Appendix C")),
    _group("base.optimiser.options", "what another optimiser wants to know", "undistorted"),
    _library(
        "base.sdlm.patterns_drawn", "10", "500 patterns; not how they are drawn",
        "consecutive", "hessian-patterns"),
    Rule(
        judges.curvature_start, ("base.sdlm.curvature_start",),
        page="42", paper="second derivatives are back-propagated; not what they start with"),
    _library(
        "base.sdlm.coefficient_curvature", "42", "not stated for a sub-sampling coefficient",
        "sum_squared", "coefficient-curvature"),
    _library("base.initialisation.biases", "41", "speaks of weights only", "zero", "biases"),
    _library(
        "base.initialisation.coefficients", "41", "speaks of weights only",
        "constant", "coefficients"),
    _library(
        "base.subsampling.fan_in", "41", "F is the number of inputs of the unit",
        4, "coefficients"),
    _stated(
        "base.criterion.distance", "8", "equation 7: an output is the squared distance to its code",
        1, "as in equation 7",
        ("departs", "equation 7 has no factor, the authors' library a half (library.distance)")),
    _open(
        "base.criterion.j", "compared with others in results/readings.csv",
        "9", "a positive constant; no value is given"),
    _stated(
        "base.criterion.divisor", "9", "equations 8 and 9 have no divisor",
        1, "as printed, and as in the authors' library (library.map)",
        ("departs", "neither the paper nor the authors' library (library.map) divides")),
    _open("base.replicates", "the paper reports one run: ours shows how far runs differ"),
    _open("base.seed", "any number would do"),
    _group("base.streams", "what replicates share, for the study of variance", "undistorted"),
    _group("train", "how the work is spread; changes no result"),
    _group("compare", "how verdicts are reached; fixed before any result was seen"),
    _group("variance", "the study of what makes replicates differ"),
    _group("invariance", "which digits are changed, how much: Section III-E"),
    _group("noncharacters", "images of no digit: claim rbf.rejection"),
    _group("causes", "why published numbers are others than ours: results/studies/causes.csv"),
    _group("readings", "the study of what the paper leaves open"),
    _group("collapse", "small networks with trainable codes: claim loss.collapse"),
)
# fmt: on
OWN: Mapping[str, Rule] = {
    **{rule.keys[0]: rule for rule in _OWN},
    "code.precision": Rule(judges.precision),
    "code.tanh": Rule(judges.tangent, page="8", paper="A tanh(S a), equation 6"),
}
