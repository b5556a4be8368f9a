"""Trainings for a study: what is not there yet, and the passes of all of it in one table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from replication.systems.replicates import Experiment, Job, train


def passes(
    title: str, experiments: Sequence[Experiment], workers: int, *, may_diverge: bool = False
) -> pd.DataFrame:
    """Train, and return the histories of all replicates, a row a pass.

    The columns ``experiment`` and ``replicate`` come before those of a history. A replicate that
    diverged is left out if it ``may_diverge``.
    """
    jobs = [Job(one, number) for one in experiments for number in range(one.recipe.replicates)]
    diverged = train(title, jobs, workers, may_diverge=may_diverge).diverged
    tables = []
    for job in jobs:
        if job.name not in diverged:
            history = job.experiment.run(job.number).history.copy()
            history.insert(0, "experiment", job.experiment.name)
            history.insert(1, "replicate", job.number)
            tables.append(history)
    return pd.concat(tables, ignore_index=True)
