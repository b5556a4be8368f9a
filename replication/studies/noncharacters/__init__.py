"""Do RBF units reject images of no character better than plain units (Section II-B, p. 8)?

Nothing is trained: the committed LeNet-5s with RBF units and those with ten plain units answer
images that show no digit. Each network has a threshold of its own, which rejects the same small
share of the test digits.
"""

import math
from functools import partial

from replication.comparison.paper import Claim
from replication.comparison.verdicts.evidence import Check, Checks, Evidence, Finding, Subject
from replication.comparison.verdicts.rule import judge_mean
from replication.comparison.verdicts.statistics import Interval
from replication.files import Table

REJECTED = Table(
    "noncharacters.csv",
    "python -m replication noncharacters",
    ("outputs", "experiment", "replicate", "kind", "rejected_percent"),
    words=("outputs", "experiment", "kind"),
)
RBF, PLAIN = "rbf", "plain"
# What lies between two digits is what a wrong segmentation hands to a recognizer.
KINDS = BETWEEN, SHUFFLED = "between two digits", "shuffled pixels"


def list_checks(evidence: Evidence, claim: Claim) -> list[Check]:
    """Return checks whether RBF units reject more of each kind of image than plain units.

    Replicates of the same number begin with the same weights up to F6 and see the same order. The
    power is that of seeing plain units reject more by a share `compare.roughly` of all images.
    """

    def judge(kind: str) -> Finding:
        table = evidence.study(REJECTED)
        pairs = table[table["kind"] == kind].pivot_table(
            index="replicate", columns="outputs", values="rejected_percent"
        )
        gaps = (pairs[RBF] - pairs[PLAIN]).dropna().tolist()
        return judge_mean(
            gaps,
            evidence.choices,
            Interval(0.0, math.inf),
            100.0 * evidence.choices.roughly,
            "points",
            "how much more of these images the RBF units reject, paired by the seeds",
        )

    return [
        Check(Subject.from_claim(claim, kind.replace(" ", "-")), partial(judge, kind))
        for kind in KINDS
    ]


CHECKS = Checks(tables={"rbf.rejection": list_checks}, outputs=(REJECTED,))
