"""train: the replicates of one experiment, from the prepared database to results/runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from replication import settings
from replication.display import Display
from replication.learning.jobs import LocalRunner
from replication.stages.experiments import add_folders, experiments
from replication.systems.replicates import Job, presentations, train


def main(argv: Sequence[str] | None = None) -> None:
    """Train those replicates that params.yaml asks for and that are not there yet."""
    parser = argparse.ArgumentParser(prog="replication train", description=main.__doc__)
    parser.add_argument("experiment", help="a name under experiments: in params.yaml")
    add_folders(parser)
    given = parser.parse_args(argv)
    chosen = settings.load(given.params)
    recipe = chosen.experiment(given.experiment)
    (experiment,) = experiments({given.experiment: recipe}, chosen, given)
    jobs = [Job(experiment, number) for number in range(recipe.replicates)]
    with Display(given.experiment, presentations(experiment)) as display:
        runner = LocalRunner(chosen.train.workers, display.tick)
        trained = train(jobs, runner, display.monitor)
    kept = len(jobs) - len(trained)
    print(f"{given.experiment}: {len(trained)} replicates trained, {kept} were there already")
