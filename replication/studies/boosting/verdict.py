"""The verdict on what boosting costs where later networks are called only when needed (p. 14)."""

import math

from replication.comparison.paper import Claim
from replication.comparison.verdicts.evidence import Checks, Evidence, Finding
from replication.comparison.verdicts.rule import judge_mean
from replication.comparison.verdicts.statistics import Interval
from replication.studies.boosting import COSTS


def judge(evidence: Evidence, claim: Claim) -> Finding:
    """Judge whether the published number of networks is enough for the error of calling all three.

    The paper does not say when the first network is confident, so our cost cannot be compared with
    its own: the claim is that the error at the published cost is within the margin of the least.
    """
    table, margin = evidence.study(COSTS), evidence.choices.equivalence_margin_percent
    curves = table.pivot_table(
        index="replicate", columns="nets", values="test_error_percent"
    ).sort_index(axis=1)
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
