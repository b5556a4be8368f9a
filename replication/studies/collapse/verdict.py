"""The verdict on trainable codes: Section II-C, p. 9."""

from collections.abc import Sequence
from statistics import fmean

from replication.comparison.paper import Claim
from replication.comparison.verdicts.evidence import Checks, Evidence, Finding, Outcome, Unmeasured
from replication.comparison.verdicts.rule import too_few
from replication.studies.collapse import OUTCOMES

# Codes whose distance falls to this share have collapsed into one.
_COLLAPSED = 0.01


def judge(evidence: Evidence, _: Claim) -> Finding:
    """Judge whether trainable codes fall together under equation 8 and not under equation 9 (p. 9).

    The power is that of the same outcomes with the two equations exchanged.
    """
    outcomes = evidence.study(OUTCOMES)
    try:
        spreads = {
            name: [float(spread) for spread in outcomes[name]["code_spread"]]
            for name in ("mle", "map")
        }
    except (KeyError, TypeError, ValueError) as error:
        raise Unmeasured("results/collapse.json lacks the code_spread of mle or map") from error
    fewest = min(len(values) for values in spreads.values())
    if fewest < evidence.choices.minimum_replicates:
        values = spreads["mle"] + spreads["map"]
        return too_few(values, evidence.choices, "of the distance before", fewest)
    outcome = _decide(spreads["mle"], spreads["map"])
    return Finding(
        outcome,
        "; ".join(f"{name}: {fmean(values):.4g}" for name, values in spreads.items()),
        "least distance between two codes, as a share of that before training, where "
        f"{_COLLAPSED:g} counts as collapsed",
        replicates=fewest,
        power=float(_decide(spreads["map"], spreads["mle"]) == "differs"),
    )


def _decide(mle: Sequence[float], map_: Sequence[float]) -> Outcome:
    if max(mle) <= _COLLAPSED < min(map_):
        return "reproduced"
    reverse = min(mle) > _COLLAPSED or max(map_) <= _COLLAPSED
    return "differs" if reverse else "inconclusive"


CHECKS = Checks(claims={"loss.collapse": judge}, outputs=(OUTCOMES,))
