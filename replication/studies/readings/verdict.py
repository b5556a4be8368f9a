"""The verdict on the contradiction that the study of readings decides (pp. 6, 7)."""

from __future__ import annotations

from replication.paper import Contradiction
from replication.studies.readings import RANKING
from replication.verdicts.evidence import Evidence, Finding, Judges, Unmeasured
from replication.verdicts.rule import shown


def judge_pooling(evidence: Evidence, contradiction: Contradiction) -> Finding:
    """Sub-sampling averages (p. 6) or adds (p. 7): which fits the published curves better?"""
    del contradiction
    ranking = evidence.study(RANKING)
    table = ranking[ranking["factor"] == "subsampling.reading"]
    # Around the centre that fits better: the other says what happens in a worse network.
    nearest = table.sort_values("distance").head(1)["centre"].tolist()
    ranked = table[table["centre"].isin(nearest)].sort_values("rms_high")
    if len(ranked) < 2:
        raise Unmeasured("results/readings.csv has no two levels of subsampling.reading")
    best, other = ranked.iloc[0], ranked.iloc[1]
    apart = float(best["rms_high"]) < float(other["rms_low"])
    return Finding(
        "reproduced" if apart else "inconclusive",
        str(best["level"]) if apart else "either",
        f"root mean square distance to the published curves: {best['level']} "
        f"{shown(best['rms_low'])} to {shown(best['rms_high'])} points, {other['level']} "
        f"{shown(other['rms_low'])} to {shown(other['rms_high'])}",
        float(best["rms_low"]),
        float(best["rms_high"]),
    )


JUDGES = Judges(contradictions={"paper.pooling": judge_pooling}, evidence=(RANKING,))
