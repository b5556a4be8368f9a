"""What boosting costs, by how often the later networks are called (Section III-C.9, p. 14).

The paper does not say when the first network is confident enough to answer alone. So every share
of the test patterns is tried: those with the smallest margin go to the two other networks.
"""

import math

from replication.comparison.paper import Claim
from replication.comparison.verdicts.evidence import Checks, Evidence, Finding
from replication.comparison.verdicts.rule import judge_mean
from replication.comparison.verdicts.statistics import Interval
from replication.files import Table

COSTS = Table(
    "boosting.csv",
    "python -m replication boosting",
    ("replicate", "called_percent", "nets", "test_error_percent"),
)


def judge(evidence: Evidence, claim: Claim) -> Finding:
    """Judge whether the published number of networks is enough for the error of calling all three.

    That is, whether the error at the published cost is within the margin of the least: our cost
    cannot be compared with the paper's own.
    """
    table, margin = evidence.study(COSTS), evidence.choices.equivalence_margin_percent
    curves = table.pivot_table(index="replicate", columns="nets", values="test_error_percent")
    nets = curves.columns.to_numpy(dtype=float)
    at = int(abs(nets - claim.number).argmin())
    losses = (curves.iloc[:, at] - curves.iloc[:, -1]).tolist()
    mean = curves.mean()
    enough = nets[(mean <= mean.iloc[-1] + 0.005).argmax()]
    return judge_mean(
        losses,
        evidence.choices,
        Interval(-math.inf, margin),
        margin,
        "points",
        f"the error at {nets[at]:g} nets above that of calling all three always, whose mean is "
        f"reached with {enough:.4g} nets",
    )


CHECKS = Checks(claims={"boosting.cost": judge}, outputs=(COSTS,))
