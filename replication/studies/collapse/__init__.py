"""Trainable codes under equations 8 and 9: Section II-C, p. 9.

Under equation 8 all codes fall together, says the paper, and under equation 9 they do not.
"""

from collections.abc import Sequence
from statistics import fmean

from replication.comparison.paper import Claim
from replication.comparison.verdicts.evidence import Checks, Evidence, Finding, Outcome, Unmeasured
from replication.comparison.verdicts.rule import too_few
from replication.files import Document

OUTCOMES = Document("collapse.json", "python -m replication collapse")
CRITERIA = ("mle", "map")
# Codes whose distance falls to this share have collapsed into one.
_COLLAPSED = 0.01


def judge(evidence: Evidence, _: Claim) -> Finding:
    """Judge whether trainable codes fall together under equation 8 and not under equation 9 (p. 9).

    The power is that of the same outcomes with the two equations exchanged.
    """
    outcomes = evidence.study(OUTCOMES)
    try:
        mle, map_ = (list(map(float, outcomes[name]["code_spread"])) for name in CRITERIA)
    except (KeyError, TypeError, ValueError) as error:
        raise Unmeasured("results/collapse.json lacks the code_spread of mle or map") from error
    fewest = min(len(mle), len(map_))
    if fewest < evidence.choices.minimum_replicates:
        return too_few(mle + map_, evidence.choices, "of the distance before", fewest)
    return Finding(
        _decide(mle, map_),
        f"mle: {fmean(mle):.4g}; map: {fmean(map_):.4g}",
        "least distance between two codes, as a share of that before training, where "
        f"{_COLLAPSED:g} counts as collapsed",
        replicates=fewest,
        power=float(_decide(map_, mle) == "differs"),
    )


def _decide(mle: Sequence[float], map_: Sequence[float]) -> Outcome:
    if max(mle) <= _COLLAPSED < min(map_):
        return "reproduced"
    reverse = min(mle) > _COLLAPSED or max(map_) <= _COLLAPSED
    return "differs" if reverse else "inconclusive"


CHECKS = Checks(claims={"loss.collapse": judge}, outputs=(OUTCOMES,))
