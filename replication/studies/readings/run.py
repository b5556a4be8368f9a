"""The readings trained and compared with the evidence, stage by stage, as the protocol says."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import click
import numpy as np
import pandas as pd

from replication.comparison import paper
from replication.core.display import Display
from replication.core.learning.engine import Engine
from replication.core.learning.monitor import Monitor
from replication.core.learning.optimisers.catalogue import Situation, load_optimiser
from replication.core.learning.presentations import OriginalPool
from replication.core.learning.trainer import Trainer, draw_first_parameters
from replication.core.mnist import databases
from replication.core.mnist.databases import Database, grey_levels
from replication.core.networks.catalogue import network
from replication.core.networks.specification import Network
from replication.core.runs import HISTORY_COLUMNS
from replication.core.settings import Prepare, Recipe, Settings, change_recipe
from replication.core.systems.jobs import Job, key, prepare_experiments
from replication.core.systems.parallel import run_side_by_side
from replication.errors import Diverged
from replication.folders import Folders
from replication.studies.readings import CURVES, RANKING, STAGES, STEPS
from replication.studies.readings.candidates import (
    RANGE,
    START,
    Reading,
    controls,
    nearest,
    recipe,
    screened,
    variations,
)
from replication.studies.readings.distance import Evidence, evidence
from replication.studies.readings.ranking import Stage, decided, ranked

PARAMETERS = (click.Argument(["stages"], nargs=-1, type=click.Choice(STAGES)),)


class Ground(NamedTuple):
    """What all trainings of the study share."""

    folders: Folders
    settings: Settings
    network: Network
    database: Database
    known: Evidence


def ground(folders: Folders, settings: Settings) -> Ground:
    """Read what the study stands on: the paper and the training patterns."""
    published = paper.load(folders.paper)
    return Ground(
        folders,
        settings,
        network(settings.base.network, settings.base.database, published),
        databases.load(folders.raw, folders.prepared, settings.base.database),
        evidence(published, settings.readings.resolution_points),
    )


def _engine(reading: Recipe, shape: Network, prepare: Prepare) -> Engine:
    return Engine(shape, reading.rules, grey_levels(prepare.background, prepare.foreground))


def steps(on: Ground) -> pd.DataFrame:
    """The range of the first pass's step sizes for every start of the curvature and every range.

    Nothing is trained for it. ``distance`` is the root mean square difference from the published
    range in decades.
    """
    study, rows = on.settings.readings, []
    images, labels = on.database.train_images, on.database.train_labels
    pool = OriginalPool(images, labels, on.settings.base.training_patterns)
    for start in study.curvature_starts:
        for value in study.ranges:
            changes = {**study.library, START: start, RANGE: value, "seed": study.seed}
            reading = change_recipe(on.settings.base, changes)
            engine, ends = _engine(reading, on.network, on.settings.prepare), []
            for number in range(study.replicates):
                first = draw_first_parameters(on.network, reading, number)
                at = Situation(engine, pool, reading, number, 0, first, {})
                sizes = load_optimiser(reading)(at)
                ends.append(np.log10([sizes.min(), sizes.max()]))
            mean = np.mean(ends, axis=0)
            distance = float(np.sqrt(np.square(mean - on.known.steps).mean()))
            rows.append((start, value, *(10.0**mean), distance))
    return STEPS.frame(rows)


def train(readings: Sequence[Reading], on: Ground, before: pd.DataFrame) -> pd.DataFrame:
    """Every pass of every replicate, as results/readings_curves.csv has them.

    What stands in ``before``, a table alike, is not trained again if code, settings and data are
    the same. A replicate that diverges ends with its last whole pass.
    """
    study, settings = on.settings.readings, on.settings
    recipes = {f"{one.stage} {one.name}": recipe(one, settings.base, study) for one in readings}
    trained = prepare_experiments(recipes, settings, on.folders)
    jobs = [Job(one, number) for one in trained for number in range(one.recipe.replicates)]
    once = before.drop_duplicates(["key", "pass"])
    histories = {str(name): rows for name, rows in once.groupby("key")}
    missing = [job for job in jobs if _key(job) not in histories]
    total = sum(job.experiment.presentations for job in missing)
    with Display(readings[0].stage, total) as display:
        histories |= dict(run_side_by_side(_trained, missing, settings.train, display.show))
    tables = []
    for one, experiment in zip(readings, trained, strict=True):
        for number in range(experiment.recipe.replicates):
            of = _key(Job(experiment, number))
            history = histories[of].assign(
                stage=one.stage, reading=one.name, replicate=number, key=of
            )
            tables.append(history[list(CURVES.columns)])
    return pd.concat(tables, ignore_index=True)


def _key(job: Job) -> str:
    """The beginning of the hash of all that the replicate's history follows from."""
    return key(job.experiment, job.number)[:16]


def _trained(job: Job, monitor: Monitor) -> tuple[str, pd.DataFrame]:
    """The key of a replicate and its history, trained with no test pattern at hand."""
    experiment, number = job
    reading = experiment.recipe
    if not isinstance(reading, Recipe):
        raise TypeError("a reading is a recipe of a network")
    data, folders = experiment.database, experiment.folders
    shape = network(reading.network, reading.database, paper.load(folders.paper))
    engine = _engine(reading, shape, experiment.prepare)
    kept = folders.checkpoints / "readings" / f"{key(experiment, number)[:32]}.npz"
    none = (data.test_images[:0], data.test_labels[:0])
    pool = OriginalPool(data.train_images, data.train_labels, reading.training_patterns)
    trainer = Trainer(reading, number, engine, pool, none, kept)
    try:
        rows = trainer.run(monitor).history
    except Diverged as error:
        monitor.line(str(error))
        rows = []
    return _key(job), _history(rows)


def _history(rows: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(rows[0]) if rows else list(HISTORY_COLUMNS))
    return pd.DataFrame({
        "pass": table["pass"].astype(int),
        "training_error": 100.0 * table["training_misses"] / table["training_presentations"],
        "step_low": table.filter(regex="^step_.*_min$").min(axis=1),
        "step_high": table.filter(regex="^step_.*_max$").max(axis=1),
    })  # fmt: skip


def run(folders: Folders, settings: Settings, stages: Sequence[str] = ()) -> pd.DataFrame:
    """Train the readings that the protocol names, and rank them by their distance from the paper.

    What code, settings and data have trained before is not trained again. With STAGES, only these
    are trained; the others stay as they are.
    """
    on, study, out = ground(folders, settings), settings.readings, folders.out
    stages = stages or STAGES
    first = steps(on)
    STEPS.write(out, first)
    before = CURVES.read(out) if CURVES.exists(out) else CURVES.frame([])

    def curves_of(readings: Sequence[Reading]) -> pd.DataFrame:
        stage = readings[0].stage
        return train(readings, on, before) if stage in stages else before[before["stage"] == stage]

    candidates = screened(study, first)
    curves = curves_of(candidates)
    screening = Stage(candidates, curves, study.screening.replicates, on.known)
    names = screening.by_distance(screening.scale())[: study.screening.finalists]
    finalists = nearest(candidates, names)
    curves = pd.concat([curves, curves_of(finalists)], ignore_index=True)
    final = Stage(finalists, curves, study.replicates, on.known)
    winner = decided(final, final.scale(), settings)
    print(f"decided for: {winner.name}", flush=True)
    for readings in (controls(study), variations(study, winner)):
        curves = pd.concat([curves, curves_of(readings)], ignore_index=True)
        CURVES.write(out, curves)
    table = ranked(curves, first, settings, on.known)
    RANKING.write(out, table)
    return table


def summary(table: pd.DataFrame) -> str:
    """The readings that were trained to the end, by rank."""
    ranking = table[table["stage"] != "screening"]
    columns = ["stage", "reading", "distance", "rms", "training_error"]
    return ranking[columns].to_string(index=False)
