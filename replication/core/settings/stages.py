"""The stages: how experiments are trained, and how verdicts are reached."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from replication.core.settings.sections import Count, Name, Positive, Real, Section, Seed
from replication.reading import quote


def _workers(value: Any) -> Any:
    if value == "auto" or (type(value) is int and value > 0):
        return value
    raise ValueError(f"{quote(value)} is neither auto nor a whole number above 0; correct it")


def _scheduler(value: Any) -> Any:
    if value is None or (isinstance(value, str) and re.fullmatch(r"(tcp|tls|ucx)://.+:\d+", value)):
        return value
    raise ValueError(
        f"{quote(value)} is neither null nor an address as tcp://10.0.0.1:8786; correct it"
    )


class Train(Section):
    """Where the work is done and which files are kept; changes no result."""

    workers: Annotated[Literal["auto"] | int, BeforeValidator(_workers)]
    """Replicates that are trained at the same time; auto: as many as cores and memory hold."""
    engine: Literal["local", "dask"]
    """Threads of this process, or Dask's workers."""
    scheduler: Annotated[str | None, BeforeValidator(_scheduler)]
    """The address of Dask's scheduler; null starts ``workers`` processes on this machine."""
    kept_parameters: Count
    """Networks with more parameters leave their answers, but not their weights."""


class Subjects(Section):
    """The experiments that claims outside Figures 9 to 12 are about."""

    undistorted: Name
    """LeNet-5 of Section III-B."""
    distorted: Name
    """LeNet-5 trained with distortions."""
    noisy: Name
    """LeNet-5 trained with noise (Section III-E)."""
    hessian_subset: Name
    """Replicates that differ only in the patterns that the curvatures are estimated on."""
    virtual_other_degree: Name
    """V-SVM of the degree that Figure 12 gives it, another than Figure 9's."""


class Compare(Section):
    """The settings of the verdicts, each fixed before the results that it decides on."""

    confidence: Annotated[Real, Field(gt=0.5, lt=1)]
    """Of every interval, 0 to 1."""
    equivalence_margin_percent: Positive
    """The difference of error rates that count as the same, in percentage points."""
    minimum_replicates: Annotated[int, Field(ge=2, strict=True)]
    """With fewer, a measured claim is inconclusive."""
    informative_width: Annotated[Real, Field(gt=0, lt=1)]
    """The widest interval, half its width as a share of the number, in which it is compatible."""
    least_power: Annotated[Real, Field(gt=0, lt=1)]
    """Misses that are alike say something where so many of the other recipe's are not, 0 to 1."""
    informative_factor: Annotated[Real, Field(gt=1)]
    """The factor that stands for the next row where quantities are compared as ratios."""
    best_of: Count
    """The number of "several versions", of which the published error may be the best (p. 10)."""
    roughly: Positive
    """The share by which a value may differ that the paper gives as "roughly" or "about"."""
    negligible_share: Positive
    """The share of a pass, 0 to 1, that costs "next to nothing"."""
    accurate_percent: Positive
    """The error, in percent, up to which recognition counts as accurate (Section III-E)."""
    seed: Seed
    """Of what is simulated."""
    linear_units: dict[str, Name]
    """The linear classifier: ``solved``, ``descended``, and descended with ``sigmoid`` units."""
    experiments: Subjects
    """The experiments that claims outside Figures 9 to 12 are about."""
    training_sizes: dict[Count, tuple[Name, ...]]
    """For each number of training patterns in Figure 6 the experiments that read it."""
    systems: dict[str, Name]
    """For each ``system/database`` of Figures 9 to 12 its experiment; others are unmeasured."""
