"""What the audit knows: a rule for each setting of the authors, and for each key of params.yaml.

`CLAIMS` has the claims of the kind setting, `OWN` what the paper does not state as a setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from replication.audit import judges
from replication.audit.opinions import Judge, Open, Printed, Status, Unrecorded

Role = Literal["undistorted", "distorted"]


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


def _printed(
    key: str,
    value: Any = None,
    faithful: str = "as printed",
    departs: str = "",
    otherwise: Status = "departs",
    page: str = "",
    paper: str = "not stated",
) -> Rule:
    judge = Printed(key, value, faithful, departs, otherwise)
    return Rule((key,), judge, page=page, paper=paper)


def _open(key: str, reason: str, page: str = "", paper: str = "not stated") -> Rule:
    return Rule((key,), Open(reason, key), page=page, paper=paper)


CLAIMS: Mapping[str, Rule] = {
    "lenet5.input": Rule(("prepare.field", "base.network"), judges.input_field),
    "lenet5.c3.table": Rule(("base.network",), judges.connections),
    "lenet5.rbf.codes": Rule(("base.network",), judges.codes),
    "subsampling.rule": _printed(
        "base.subsampling.reading",
        "added",
        "as on p. 7; p. 6 says that the inputs are averaged",
        "as on p. 6; p. 7, which is more detailed, says added",
    ),
    "input.background": _printed("prepare.background"),
    "input.foreground": _printed("prepare.foreground"),
    "data.deslanted": Rule(
        ("prepare.databases",),
        judges.database(
            "deslanted",
            "the paper's moments take a pixel as 1 or 0, but the images have grey levels: ours "
            "counts a pixel by its ink, and shears about the centre of mass",
        ),
    ),
    "data.sixteen": Rule(
        ("prepare.databases",),
        judges.database(
            "sixteen",
            "how the images were reduced is not said: ours takes means over areas of the 20x20 "
            "centre",
        ),
    ),
    "squashing.amplitude": _printed("base.squashing.amplitude"),
    "squashing.slope": _printed("base.squashing.slope"),
    "init.range": _printed("base.initialisation.range"),
    "loss.mle": Rule(("base.criterion.name",), judges.criterion("mle", 8)),
    "loss.map": Rule(("base.criterion.name",), judges.criterion("map", 9)),
    "training.passes": _printed("base.passes"),
    "training.online": Rule(
        ("base.system",),
        Unrecorded("the kernels update after each pattern, and there is no batch size"),
    ),
    "training.order": _printed(
        "base.order", "constant", departs="the paper's order is the same each pass"
    ),
    "training.schedule": _printed("base.learning_rates"),
    "sdlm.mu": _printed("base.sdlm.mu"),
    "sdlm.samples": _printed("base.sdlm.patterns"),
    "sdlm.update": Rule(
        ("base.system",),
        Unrecorded(
            "equations 18 to 27 stand in replication/learning, and tests hold them against a "
            "naive recursion"
        ),
    ),
    "lenet5.distorted-training-set": Rule(
        ("base.distorted", "base.distortions.copies"), judges.distorted, "distorted"
    ),
    "noise.salt-pepper": Rule((), judges.noise),
    "boosting.procedure": Rule((), judges.boosting),
}

# Groups of keys that are ours altogether.
_GROUPS = {
    "base.streams": "which random numbers replicates share, for the study of variance",
    "train": "how the work is spread; changes no result",
    "compare": "how verdicts are reached; fixed before any result was seen",
    "variance": "the study of what makes replicates differ: base, its streams",
    "invariance": "which digits are changed, how much: Section III-E",
    "causes": "why published numbers are others than ours: results/studies/causes.csv",
    "readings": "the study of what the paper leaves open",
    "collapse": "how small networks with trainable codes are trained: claim loss.collapse",
}

OWN: Mapping[str, Rule] = {
    "base.network": _printed(
        "base.network",
        "lenet5",
        "Figure 2, built layer by layer",
        "another row of Figure 9, its training not described in full",
        "unstated",
        page="7",
        paper="LeNet-5 is the network of Figure 2",
    ),
    "base.database": Rule(
        ("base.database",),
        judges.regular,
        page="10",
        paper="LeNet-5 is trained on the regular database",
    ),
    "base.training_patterns": Rule(
        ("base.training_patterns",),
        judges.patterns,
        page="10",
        paper="60,000 patterns, claim data.train",
    ),
    "base.presentations_per_pass": Rule(
        ("base.presentations_per_pass",),
        judges.length,
        page="10",
        paper="a pass shows the whole training set",
    ),
    "base.distortions": Rule(
        ("base.distortions",),
        Open(
            "uniform distributions whose ranges are fitted to Figure 7 (results/distortions.csv); "
            "in force only where distorted is true"
        ),
        "distorted",
        page="11",
        paper="the kinds of distortion are named, their sizes are not",
    ),
    "base.initialisation.power": _printed(
        "base.initialisation.power",
        1,
        "1/F, as printed",
        "the paper prints 1/F and argues against its root",
        page="41",
        paper="2.4/F, not its square root",
    ),
    "base.optimiser": Rule(
        ("base.optimiser",),
        Printed("base.optimiser.name", "sdlm", "as printed", "the paper trains by Appendix C"),
        page="41",
        paper="LeNet-5 is trained by the stochastic diagonal Levenberg-Marquardt method",
    ),
    "base.sdlm.patterns_drawn": _open(
        "base.sdlm.patterns_drawn",
        "the authors' library takes consecutive ones (library.hessian-patterns)",
        page="10",
        paper="500 patterns; not how they are drawn",
    ),
    "base.sdlm.curvature_start": _open(
        "base.sdlm.curvature_start",
        "exact is the criterion's own second derivative; the authors' library starts with 1 "
        "(library.curvature-start)",
        page="42",
        paper="second derivatives are back-propagated; not what they start with",
    ),
    "base.sdlm.coefficient_curvature": _open(
        "base.sdlm.coefficient_curvature",
        "sum_squared is the square of the sum of the four inputs, as in the authors' library "
        "(library.coefficient-curvature)",
        page="42",
        paper="not stated for a sub-sampling coefficient",
    ),
    "base.initialisation.coefficients": _open(
        "base.initialisation.coefficients",
        "random draws them as weights are drawn; the authors' library starts all of a layer at "
        "one constant (library.coefficients)",
        page="41",
        paper="speaks of weights only",
    ),
    "base.criterion.distance": _printed(
        "base.criterion.distance",
        1,
        "as in equation 7",
        "equation 7 is the whole squared distance; the authors' library takes half of it "
        "(library.distance)",
        page="8",
        paper="equation 7: an output is the squared distance to its code",
    ),
    "base.initialisation.biases": _open(
        "base.initialisation.biases",
        "random is the range of the unit's weights",
        page="41",
        paper="speaks of weights only",
    ),
    "base.subsampling.fan_in": _open(
        "base.subsampling.fan_in",
        "a sub-sampling unit reads four pixels with one coefficient: its F is 4 or 1",
        page="41",
        paper="F is the number of inputs of the unit",
    ),
    "base.criterion.j": _open(
        "base.criterion.j",
        "compared with others in results/readings.csv",
        page="9",
        paper="a positive constant; no value is given",
    ),
    "base.criterion.divisor": _printed(
        "base.criterion.divisor",
        1,
        "as printed: the distance is not divided",
        "the paper prints no divisor, but with its rates and mu the undivided one trains "
        "badly; ours is inferred from Figure 5: results/readings.csv",
        "unstated",
        page="9",
        paper="equations 8 and 9 have no divisor",
    ),
    "base.replicates": _open(
        "base.replicates", "the paper reports one run: ours shows how far runs differ"
    ),
    "base.seed": _open("base.seed", "any number would do"),
    **{group: Rule((group,), Open(reason)) for group, reason in _GROUPS.items()},
}
