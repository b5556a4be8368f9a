"""The verdict on the patterns that the curvatures are estimated on: Appendix C, p. 42."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from replication.paper import Claim
from replication.studies.variance import COMMAND, CURVES
from replication.studies.variance.table import errors
from replication.studies.variance.table import histories as varied
from replication.verdicts.answers import experiment
from replication.verdicts.evidence import Evidence, Finding, Judges, Unmeasured
from replication.verdicts.rule import too_few
from replication.verdicts.training import steps_of_pass_1
from replication.verdicts.words import Words

_WORDS = Words(
    "relative sd of the step sizes {mean} at most",
    "of the least and greatest step of each layer in pass 1 over {replicates} subsets, where "
    "{limit:g} counts as not particularly sensitive and the test errors' sd is {test_sd} points",
)


def judge(evidence: Evidence, claim: Claim) -> Finding:
    """How far the step sizes of the first pass change with the patterns they are estimated on.

    From replicates that share initial weights, so that in the first pass nothing else differs. The
    power is that of a spread twice the limit, by its chi-squared distribution.
    """
    name = experiment(claim, evidence.choices)
    histories = varied(evidence.study(CURVES)).get(name, [])
    if not histories:
        raise Unmeasured(f"{CURVES.name} has no replicate of `{name}`: run `{COMMAND}`")
    ends = [pd.concat([steps_of_pass_1(h, "min"), steps_of_pass_1(h, "max")]) for h in histories]
    test_errors = errors(histories, len(evidence.labels))["test_error_percent"]["values"]
    if len(ends) < evidence.choices.minimum_replicates:
        return too_few(test_errors, evidence.choices, "%")
    table = pd.DataFrame(ends)
    spread = table.std(ddof=1) / table.mean()
    worst, limit = float(spread.max()), evidence.choices.roughly
    return Finding(
        "reproduced" if worst <= limit else "differs",
        _WORDS,
        {"limit": limit, "test_sd": float(np.std(test_errors, ddof=1))},
        float(spread.min()),
        worst,
        len(ends),
        mean=worst,
        shift=2 * limit,
        power=float(stats.chi2.sf((len(ends) - 1) / 4, len(ends) - 1)),
    )


JUDGES = Judges(claims={"sdlm.subset": judge}, evidence=(CURVES,))
