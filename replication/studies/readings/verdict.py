"""The verdict on the contradiction that the study of readings decides (pp. 6, 7)."""

from replication.comparison.paper import Contradiction
from replication.comparison.verdicts.evidence import Checks, Evidence, Finding, Unmeasured
from replication.studies.readings import RANKING


def judge_pooling(evidence: Evidence, _: Contradiction) -> Finding:
    """Judge by Figure 5's training curve: does sub-sampling average (p. 6) or add (p. 7)?"""
    ranking = evidence.study(RANKING)
    added = ranking[ranking["adopted"] & (ranking["stage"] == "final")]
    averaged = ranking[ranking["change"] == "subsampling.reading=averaged"]
    if added.empty or averaged.empty or averaged["rms"].isna().all():
        raise Unmeasured("results/readings.csv lacks a trained reading for a way of sub-sampling")
    both = {"added": added.iloc[0], "averaged": averaged.iloc[0]}
    best, rest = sorted(both, key=lambda name: float(both[name]["rms_high"]))
    apart = float(both[best]["rms_high"]) < float(both[rest]["rms_low"])
    ends = {n: (float(both[n]["rms_low"]), float(both[n]["rms_high"])) for n in (best, rest)}
    return Finding(
        "reproduced" if apart else "inconclusive",
        best if apart else "either",
        "root mean square distance to the published training curve: "
        + ", ".join(f"{name} {low:.4g} to {high:.4g} points" for name, (low, high) in ends.items()),
        *ends[best],
    )


CHECKS = Checks(contradictions={"paper.pooling": judge_pooling}, outputs=(RANKING,))
