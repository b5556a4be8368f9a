"""readings: train every reading of what the paper leaves open, and rank them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from replication import artifacts, paper, settings
from replication.comparison.readings import Reading, Value, all_readings, published, score
from replication.display import Display
from replication.learning.jobs import LocalRunner
from replication.settings import Recipe, Settings
from replication.stages.experiments import add_folders, experiments
from replication.systems.replicates import Job, presentations, train_or_diverge


def base_values(chosen: Settings) -> dict[str, Value]:
    """The default's value of every factor of the study."""
    document = chosen.base.model_dump()
    values: dict[str, Value] = {}
    for path in (*chosen.readings.factors, *chosen.readings.factorial):
        section: Any = document
        for key in path.split("."):
            section = section[key]
        values[path] = section
    return values


def recipes(chosen: Settings) -> dict[str, tuple[Reading, Recipe]]:
    """Every reading with its recipe, by the name of its folder."""
    found = {}
    for reading in all_readings(chosen.readings, base_values(chosen)):
        changes = {**reading.changes, "replicates": chosen.readings.replicates}
        folder = reading.name.replace(" ", "_")
        found[folder] = (reading, settings.changed(chosen.base, changes))
    return found


def rank(
    outcomes: dict[str, list[pd.DataFrame]],
    readings: dict[str, Reading],
    chosen: Settings,
    published_paper: paper.Paper,
    test_patterns: int,
) -> pd.DataFrame:
    """One row a reading, best first; a reading that diverged has no numbers and comes last.

    ``factor`` and ``level`` are filled for readings that differ from the default in one choice,
    and for the default itself once for each factor.
    """
    evidence = published(published_paper, chosen.base.passes)
    rows = []
    base = base_values(chosen)
    for folder, reading in readings.items():
        histories = outcomes[folder]
        numbers = (
            score(histories, test_patterns, evidence, chosen.readings.scales)
            if len(histories) == chosen.readings.replicates
            else {}
        )
        common = {"reading": reading.name, "replicates": len(histories), **numbers}
        labels = (
            list(chosen.readings.factors) if not reading.changes
            else list(reading.changes) if len(reading.changes) == 1 else ["factorial"]
        )  # fmt: skip
        for factor in labels:
            level = reading.changes.get(factor, base.get(factor, reading.name))
            rows.append({"factor": factor, "level": str(level), **common})
    table = pd.DataFrame(rows)
    return table.sort_values(["distance", "reading", "factor"], kind="stable", ignore_index=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Train the readings that params.yaml lists, three replicates or more each, and rank them."""
    parser = argparse.ArgumentParser(prog="replication readings", description=main.__doc__)
    add_folders(parser)
    parser.add_argument("--out", type=Path, default=Path("results"))
    parser.set_defaults(runs=Path(".checkpoints/readings"))
    given = parser.parse_args(argv)
    chosen = settings.load(given.params)
    wanted = recipes(chosen)
    made = experiments({name: recipe for name, (_, recipe) in wanted.items()}, chosen, given)
    jobs = [Job(one, number) for one in made for number in range(chosen.readings.replicates)]
    with Display("readings", presentations(made[0])) as display:
        runner = LocalRunner(chosen.train.workers, display.tick)
        diverged = train_or_diverge(jobs, runner, display.monitor)
    outcomes: dict[str, list[pd.DataFrame]] = {name: [] for name in wanted}
    for job in jobs:
        if job.name not in diverged:
            path = job.experiment.folder(job.number) / "history.csv"
            outcomes[job.experiment.name].append(artifacts.read_history(path))
    readings = {name: reading for name, (reading, _) in wanted.items()}
    test_patterns = len(made[0].database.test_labels)
    table = rank(outcomes, readings, chosen, paper.load(given.paper), test_patterns)
    artifacts.write_table(given.out / "readings.csv", table)
    curves = [
        history.assign(reading=readings[name].name, replicate=number)
        for name, histories in outcomes.items()
        for number, history in enumerate(histories)
    ]
    artifacts.write_table(given.out / "readings_curves.csv", pd.concat(curves, ignore_index=True))
    print(table.drop(columns=["factor", "level"]).drop_duplicates().to_string(index=False))
