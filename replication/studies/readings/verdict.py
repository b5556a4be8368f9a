"""The verdict on the contradiction that the study of readings decides (pp. 6, 7)."""

from __future__ import annotations

from replication.paper import Contradiction
from replication.studies.readings import RANKING
from replication.verdicts.evidence import Evidence, Finding, Judges, Unmeasured
from replication.verdicts.words import Words

_WORDS = Words(
    "{fits}",
    "root mean square distance to the published training curve: "
    "{distances:<name> <value[0]> to <value[1]> points|, }",
)


def judge_pooling(evidence: Evidence, _: Contradiction) -> Finding:
    """Sub-sampling averages (p. 6) or adds (p. 7): which fits Figure 5's training curve better?"""
    ranking = evidence.study(RANKING)
    added = ranking[ranking["adopted"] & (ranking["stage"] == "final")]
    averaged = ranking[ranking["change"] == "subsampling.reading=averaged"]
    if added.empty or averaged.empty or averaged["rms"].isna().all():
        raise Unmeasured("results/readings.csv has not both ways of sub-sampling, trained alike")
    both = {"added": added.iloc[0], "averaged": averaged.iloc[0]}
    best, other = sorted(both, key=lambda name: float(both[name]["rms_high"]))
    apart = float(both[best]["rms_high"]) < float(both[other]["rms_low"])
    ends = {n: (float(both[n]["rms_low"]), float(both[n]["rms_high"])) for n in (best, other)}
    return Finding(
        "reproduced" if apart else "inconclusive",
        _WORDS,
        {"fits": best if apart else "either", "distances": ends},
        *ends[best],
    )


JUDGES = Judges(contradictions={"paper.pooling": judge_pooling}, evidence=(RANKING,))
