"""The verdict on rejecting what is no character: Section II-B, p. 8."""

from __future__ import annotations

import math
from functools import partial

from replication.paper import Claim
from replication.studies.noncharacters import KINDS, PLAIN, RBF, REJECTED
from replication.verdicts.evidence import Evidence, Finding, Judges, Row, Subject
from replication.verdicts.rule import judge_mean
from replication.verdicts.statistics import Interval


def rows(evidence: Evidence, claim: Claim) -> list[Row]:
    """Whether RBF units reject more of what is no digit than plain ones, a row a kind of image.

    Replicates of the same number begin with the same weights up to F6 and see the same order. The
    power is that of seeing the plain ones reject more by a share `compare.roughly` of all images.
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

    return [(Subject.of(claim, kind.replace(" ", "-")), partial(judge, kind)) for kind in KINDS]


JUDGES = Judges(tables={"rbf.rejection": rows}, evidence=(REJECTED,))
