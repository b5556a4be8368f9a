"""The verdict on the patterns that the curvatures are estimated on: Appendix C, p. 42."""

import numpy as np
import pandas as pd
from scipy import stats

from replication.comparison.paper import Claim
from replication.comparison.verdicts.curves import first_steps
from replication.comparison.verdicts.evidence import (
    Checks,
    Evidence,
    Finding,
    Unmeasured,
    experiment_for,
)
from replication.comparison.verdicts.rule import too_few
from replication.studies.variance import COMMAND, CURVES
from replication.studies.variance.table import errors
from replication.studies.variance.table import histories as varied


def judge(evidence: Evidence, claim: Claim) -> Finding:
    """Judge how far the first pass's step sizes change with the patterns they are estimated on.

    From replicates that share initial weights, so that in the first pass nothing else differs. The
    power is that of a spread twice the limit, by its chi-squared distribution.
    """
    name = experiment_for(claim, evidence.choices)
    histories = varied(evidence.study(CURVES)).get(name, [])
    if not histories:
        raise Unmeasured(f"{CURVES.name} has no replicate of `{name}`: run `{COMMAND}`")
    ends = [pd.concat([first_steps(h, "min"), first_steps(h, "max")]) for h in histories]
    test_errors = errors(histories, len(evidence.labels))["test_error_percent"]["values"]
    if len(ends) < evidence.choices.minimum_replicates:
        return too_few(test_errors, evidence.choices, "%")
    table = pd.DataFrame(ends)
    spread = table.std(ddof=1) / table.mean()
    worst, limit = float(spread.max()), evidence.choices.roughly
    return Finding(
        "reproduced" if worst <= limit else "differs",
        f"relative sd of the step sizes {worst:.4g} at most",
        f"of the least and greatest step of each layer in pass 1 over {len(ends)} subsets, where "
        f"{limit:g} counts as not particularly sensitive and the test errors' sd is "
        f"{np.std(test_errors, ddof=1):.4g} points",
        float(spread.min()),
        worst,
        len(ends),
        mean=worst,
        shift=2 * limit,
        power=float(stats.chi2.sf((len(ends) - 1) / 4, len(ends) - 1)),
    )


CHECKS = Checks(claims={"sdlm.subset": judge}, outputs=(CURVES,))
