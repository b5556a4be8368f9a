"""What the audit knows: a rule for each setting of the authors, and for each key of params.yaml.

`CLAIMS` has the claims of the kind setting, `OWN` what the paper does not state as a setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from replication import audit_judges as judges
from replication.audit_judges import Judge

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


CLAIMS: Mapping[str, Rule] = {
    "lenet5.input": Rule(("prepare.field", "base.network"), judges.input_field),
    "lenet5.c3.table": Rule(("base.network",), judges.connections),
    "lenet5.rbf.codes": Rule(("base.network",), judges.codes),
    "subsampling.rule": Rule(("base.subsampling.reading",), judges.subsampling),
    "input.background": Rule(("prepare.background",), judges.equal("prepare.background")),
    "input.foreground": Rule(("prepare.foreground",), judges.equal("prepare.foreground")),
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
    "squashing.amplitude": Rule(
        ("base.squashing.amplitude",), judges.equal("base.squashing.amplitude")
    ),
    "squashing.slope": Rule(("base.squashing.slope",), judges.equal("base.squashing.slope")),
    "init.range": Rule(("base.initialisation.range",), judges.equal("base.initialisation.range")),
    "loss.mle": Rule(("base.criterion.name",), judges.criterion("mle", 8)),
    "loss.map": Rule(("base.criterion.name",), judges.criterion("map", 9)),
    "training.passes": Rule(("base.passes",), judges.equal("base.passes")),
    "training.online": Rule(
        ("base.system",),
        judges.code("the kernels update after each pattern; there is no batch size"),
    ),
    "training.order": Rule(
        ("base.order",),
        judges.word("base.order", "constant", "the paper's order is the same each pass"),
    ),
    "training.schedule": Rule(("base.learning_rates",), judges.equal("base.learning_rates")),
    "sdlm.mu": Rule(("base.sdlm.mu",), judges.equal("base.sdlm.mu")),
    "sdlm.samples": Rule(("base.sdlm.patterns",), judges.equal("base.sdlm.patterns")),
    "sdlm.update": Rule(
        ("base.system",),
        judges.code(
            "equations 18 to 27 in replication/learning; held against a naive recursion in tests"
        ),
    ),
    "lenet5.distorted-training-set": Rule(
        ("base.distorted", "base.distortions.copies"), judges.distorted, "distorted"
    ),
    "noise.salt-pepper": Rule((), judges.noise),
    "boosting.procedure": Rule((), judges.boosting),
}

OWN: Mapping[str, Rule] = {
    "base.network": Rule(
        ("base.network",), judges.network, page="7", paper="LeNet-5 is the network of Figure 2"
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
        judges.group(
            "uniform distributions whose ranges are fitted to Figure 7 (results/distortions.csv); "
            "in force only where distorted is true"
        ),
        "distorted",
        page="11",
        paper="the kinds of distortion are named, their sizes are not",
    ),
    "base.initialisation.power": Rule(
        ("base.initialisation.power",), judges.power, page="41", paper="2.4/F, not its square root"
    ),
    "base.initialisation.biases": Rule(
        ("base.initialisation.biases",),
        judges.left_open("base.initialisation.biases", "random is the range of the unit's weights"),
        page="41",
        paper="speaks of weights only",
    ),
    "base.subsampling.fan_in": Rule(
        ("base.subsampling.fan_in",),
        judges.left_open(
            "base.subsampling.fan_in",
            "a sub-sampling unit reads four pixels with one coefficient: its F is 4 or 1",
        ),
        page="41",
        paper="F is the number of inputs of the unit",
    ),
    "base.criterion.j": Rule(
        ("base.criterion.j",),
        judges.left_open("base.criterion.j", "compared with others in results/readings.csv"),
        page="9",
        paper="a positive constant; no value is given",
    ),
    "base.criterion.divisor": Rule(
        ("base.criterion.divisor",),
        judges.divisor,
        page="9",
        paper="equations 8 and 9 have no divisor",
    ),
    "base.replicates": Rule(
        ("base.replicates",),
        judges.left_open(
            "base.replicates", "the paper reports one run: ours shows how far runs differ"
        ),
    ),
    "base.seed": Rule(("base.seed",), judges.left_open("base.seed", "any number would do")),
    "base.streams": Rule(
        ("base.streams",),
        judges.group("which random numbers replicates share, for the study of variance"),
    ),
    "train": Rule(("train",), judges.group("how the work is spread; changes no result")),
    "compare": Rule(
        ("compare",), judges.group("how verdicts are reached; fixed before any result was seen")
    ),
    "variance": Rule(
        ("variance",), judges.group("the study of what makes replicates differ: base, its streams")
    ),
    "invariance": Rule(
        ("invariance",), judges.group("which digits are changed, how much: Section III-E")
    ),
    "readings": Rule(("readings",), judges.group("the study of what the paper leaves open")),
    "collapse": Rule(
        ("collapse",),
        judges.group("how small networks with trainable codes are trained: claim loss.collapse"),
    ),
}
