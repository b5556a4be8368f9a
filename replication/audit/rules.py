"""What the audit knows: a rule for each setting of the authors, and for each key of params.yaml.

`CLAIMS` has the claims of the kind setting, `OWN` what the paper does not state as a setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from replication.audit import judges
from replication.audit.judges import Judge, Said, printed, valued

# Keys of the records that the initial weights and the order of presentation decide.
_FIRST, _ORDER = "evidence.initial_weights_sha256", "evidence.first_pass_order_sha256"
_WEIGHTS = "speaks of weights only"


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


def _judged(judge: Judge, key: str, page: str, paper: str, *evidence: str) -> Rule:
    return Rule(judge, (key,), evidence, page=page, paper=paper)


def _printed(key: str, *evidence: str) -> Rule:
    return Rule(printed(key), (key,), evidence)


def _stated(
    key: str, value: str | int, faithful: str, otherwise: Said, page: str = "", paper: str = ""
) -> Rule:
    """The paper states ``value``, though not as a number of claims.yaml."""
    return _judged(valued(key, {value: ("faithful", faithful)}, otherwise), key, page, paper)


def _library(key: str, theirs: str | int, source: str, page: str, paper: str, *more: str) -> Rule:
    """The paper leaves it open, and the authors' later library has ``theirs``."""
    like = f"as in the authors' library (library.{source})"
    unlike = f"the authors' library has {theirs} (library.{source})"
    said = valued(key, {theirs: ("unstated", like)}, ("unstated", unlike))
    return _judged(said, key, page, paper, *more)


def _open(key: str, reason: str, page: str = "", paper: str = "not stated") -> Rule:
    return _judged(valued(key, {}, ("unstated", reason)), key, page, paper)


def _group(key: str, reason: str, about: str = "") -> Rule:
    return Rule(valued("", {}, ("unstated", reason)), (key,), about=about)


CLAIMS: Mapping[str, Rule] = {
    "lenet5.input": Rule(judges.input_field, ("base.network", "prepare.field")),
    "lenet5.c3.table": Rule(judges.connections, ("base.network",), ("parameters",)),
    "lenet5.rbf.codes": Rule(judges.codes, ("base.network",), ("parameters",)),
    "subsampling.rule": _stated(
        "base.subsampling.reading",
        "added",
        "as on p. 7 and in the authors' library (library.coefficients); p. 6 says averaged",
        ("departs", "as on p. 6; p. 7, which is more detailed, says added"),
    ),
    "input.background": _printed("prepare.background"),
    "input.foreground": _printed("prepare.foreground"),
    "data.deslanted": Rule(judges.deslanted, ("prepare.databases",), about="deslanted"),
    "data.sixteen": Rule(judges.sixteen, ("prepare.databases",), about="sixteen"),
    "squashing.amplitude": _printed("base.squashing.amplitude"),
    "squashing.slope": _printed("base.squashing.slope"),
    "init.range": Rule(
        judges.initial_range, ("base.initialisation.range", "base.initialisation.power"), (_FIRST,)
    ),
    "loss.mle": Rule(judges.criterion("mle", 8), ("base.criterion.name",)),
    "loss.map": Rule(judges.criterion("map", 9), ("base.criterion.name",)),
    "training.passes": _printed("base.passes", "history", "presentations"),
    "training.online": Rule(judges.online, ("base.system",), ("history",)),
    "training.order": Rule(judges.order, ("base.order",), (_ORDER,)),
    "training.schedule": _printed("base.learning_rates", "history"),
    "sdlm.mu": _printed("base.sdlm.mu", "history"),
    "sdlm.samples": _printed("base.sdlm.patterns"),
    "sdlm.update": Rule(judges.steps, ("base.system", "base.optimiser.name"), ("history",)),
    "lenet5.distorted-training-set": Rule(
        judges.distorted, ("base.distorted", "base.distortions"), (_ORDER, "history"), "distorted"
    ),
    "noise.salt-pepper": Rule(judges.noise, evidence=("options",), about="noisy"),
    "boosting.procedure": Rule(
        judges.boosting, evidence=("options", "network", "distorted", "evidence"), about="boosted"
    ),
}

_OWN = (
    _stated(
        "base.network",
        "lenet5",
        "Figure 2, built layer by layer",
        ("unstated", "another row of Figure 9, its training not described in full"),
        "7",
        "LeNet-5 is the network of Figure 2",
    ),
    _judged(judges.regular, "base.database", "10", "LeNet-5 is trained on the regular database"),
    _judged(
        judges.patterns, "base.training_patterns", "10", "60,000 patterns, claim data.train", _ORDER
    ),
    _judged(
        judges.length,
        "base.presentations_per_pass",
        "10",
        "a pass shows the whole training set",
        "presentations",
        "history",
        _ORDER,
    ),
    _group(
        "base.distortions",
        "p. 11 names the kinds, not their sizes: ranges as fitted to results/distortions.csv",
        "distorted",
    ),
    _stated(
        "base.optimiser.name",
        "sdlm",
        "as printed",
        ("departs", "the paper trains by Appendix C"),
        "41",
        "LeNet-5 is trained by the stochastic diagonal Levenberg-Marquardt method",
    ),
    _group("base.optimiser.options", "what an optimiser of one's own wants to know", "undistorted"),
    _library(
        "base.sdlm.patterns_drawn",
        "consecutive",
        "hessian-patterns",
        "10",
        "500 patterns; not how they are drawn",
    ),
    _judged(
        judges.curvature_start,
        "base.sdlm.curvature_start",
        "42",
        "second derivatives are back-propagated; not what they start with",
    ),
    _library(
        "base.sdlm.coefficient_curvature",
        "sum_squared",
        "coefficient-curvature",
        "42",
        "not stated for a sub-sampling coefficient",
    ),
    _library("base.initialisation.biases", "zero", "biases", "41", _WEIGHTS, _FIRST),
    _library(
        "base.initialisation.coefficients", "constant", "coefficients", "41", _WEIGHTS, _FIRST
    ),
    _library(
        "base.subsampling.fan_in",
        4,
        "coefficients",
        "41",
        "F is the number of inputs of the unit",
        _FIRST,
    ),
    _stated(
        "base.criterion.distance",
        1,
        "as in equation 7",
        ("departs", "equation 7 has no factor, the authors' library a half (library.distance)"),
        "8",
        "equation 7: an output is the squared distance to its code",
    ),
    _open(
        "base.criterion.j",
        "compared with others in results/readings.csv",
        "9",
        "a positive constant; no value is given",
    ),
    _stated(
        "base.criterion.divisor",
        1,
        "as printed, and as in the authors' library (library.map)",
        ("departs", "neither the paper nor the authors' library (library.map) divides"),
        "9",
        "equations 8 and 9 have no divisor",
    ),
    _open("base.replicates", "the paper reports one run: ours shows how far runs differ"),
    _open("base.seed", "any number would do"),
    _group("base.streams", "what replicates share, for the study of variance", "undistorted"),
    _group("train", "how the work is spread; changes no result"),
    _group("compare", "how verdicts are reached; fixed before any result was seen"),
    _group("variance", "the study of what makes replicates differ"),
    _group("invariance", "which digits are changed, how much: Section III-E"),
    _group("readings", "the study of what the paper leaves open"),
    _group("collapse", "small networks with trainable codes: claim loss.collapse"),
)
OWN: Mapping[str, Rule] = {
    **{rule.keys[0]: rule for rule in _OWN},
    "code.precision": Rule(judges.precision),
    "code.tanh": Rule(judges.tangent, page="8", paper="A tanh(S a), equation 6"),
}
