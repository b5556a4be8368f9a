"""The readings trained and compared with the evidence, stage by stage, as the protocol says."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import click
import numpy as np
import pandas as pd

from replication.comparison import paper
from replication.core.learning.engine import Engine
from replication.core.learning.monitor import Monitor
from replication.core.learning.optimisers import Situation, load_optimiser
from replication.core.learning.presentations import OriginalPool
from replication.core.learning.trainer import Trainer, draw_first_parameters
from replication.core.mnist import databases
from replication.core.mnist.databases import Database, grey_levels
from replication.core.networks.catalogue import network
from replication.core.networks.specification import Network
from replication.core.runs import HISTORY_COLUMNS
from replication.core.settings import Recipe, Settings, change_recipe
from replication.core.systems.jobs import Job, key, prepare_experiments
from replication.errors import Diverged
from replication.folders import Folders
from replication.studies.readings import CURVES, RANKING, STAGES, STEPS, protocol
from replication.studies.variants import shorten_key, train_missing

PARAMETERS = (click.Argument(["stages"], nargs=-1, type=click.Choice(STAGES)),)


class Context(NamedTuple):
    """What all trainings of the study share."""

    folders: Folders
    settings: Settings
    network: Network
    database: Database
    evidence: protocol.Evidence


def read_context(folders: Folders, settings: Settings) -> Context:
    """Read the paper and the training patterns."""
    published = paper.load(folders.paper)
    return Context(
        folders,
        settings,
        network(settings.base.network, settings.base.database, published),
        databases.load(folders.raw, folders.prepared, settings.base.database),
        protocol.read_evidence(published, settings.readings.resolution_points),
    )


def _build_engine(reading: Recipe, shape: Network) -> Engine:
    return Engine(shape, reading.rules, grey_levels(*reading.inputs.ends))


def compute_steps(context: Context) -> pd.DataFrame:
    """Return the first pass's range of step sizes for every start of the curvature and range.

    Nothing is trained for it. ``distance`` is the root mean square difference from the published
    range in decades.
    """
    base, study, rows = context.settings.base, context.settings.readings, []
    images, labels = context.database.train_images, context.database.train_labels
    pool = OriginalPool(images, labels, base.training_patterns)
    for start, value in product(study.curvature_starts, study.ranges):
        changes = {protocol.START: start, protocol.RANGE: value, "seed": study.seed}
        reading = change_recipe(base, {**study.library, **changes})
        engine, ends = _build_engine(reading, context.network), []
        for number in range(study.replicates):
            first = draw_first_parameters(context.network, reading, number)
            sizes = load_optimiser(reading)(Situation(engine, pool, reading, number, 0, first, {}))
            ends.append(np.log10([sizes.min(), sizes.max()]))
        mean = np.mean(ends, axis=0)
        distance = float(np.sqrt(np.square(mean - context.evidence.steps).mean()))
        rows.append((start, value, *(10.0**mean), distance))
    return STEPS.frame(rows)


def _title(reading: protocol.Reading) -> str:
    return f"{reading.stage} {reading.name}"


def prepare_jobs(readings: Sequence[protocol.Reading], context: Context) -> list[Job]:
    """Return all replicates of the readings."""
    settings = context.settings
    recipes = {
        _title(reading): protocol.build_recipe(reading, settings.base, settings.readings)
        for reading in readings
    }
    prepared = prepare_experiments(recipes, settings, context.folders)
    return [Job(each, number) for each in prepared for number in range(each.recipe.replicates)]


def list_missing(folders: Folders, settings: Settings, stages: Sequence[str] = ()) -> list[Job]:
    """Return the replicates that are still to be trained.

    Until the screening is there, its first readings stand for those that it will choose: they take
    the same time.
    """
    context, study = read_context(folders, settings), settings.readings
    steps = STEPS.read(folders.out) if STEPS.exists(folders.out) else compute_steps(context)
    before = CURVES.read(folders.out) if CURVES.exists(folders.out) else CURVES.frame([])
    known, missing = set(before["key"]), list[Job]()

    def is_missing(readings: Sequence[protocol.Reading]) -> bool:
        jobs = [j for j in prepare_jobs(readings, context) if shorten_key(j) not in known]
        missing.extend(jobs if not stages or readings[0].stage in stages else ())
        return bool(jobs)

    candidates = protocol.list_candidates(study, steps)
    finalists = [each._replace(stage="final") for each in candidates[: study.screening.finalists]]
    if not is_missing(candidates):
        finalists = _select_finalists(candidates, before, context)
    winner = finalists[0]
    if not is_missing(finalists):
        winner = _decide(finalists, before, context)
    for readings in (protocol.list_controls(study), protocol.list_variations(study, winner)):
        is_missing(readings)
    return list({shorten_key(job): job for job in missing}.values())


def _select_finalists(
    candidates: Sequence[protocol.Reading], curves: pd.DataFrame, context: Context
) -> list[protocol.Reading]:
    first = context.settings.readings.screening
    stage = protocol.Stage(candidates, curves, first.replicates, context.evidence)
    return stage.select_finalists(first.finalists)


def _decide(
    finalists: Sequence[protocol.Reading], curves: pd.DataFrame, context: Context
) -> protocol.Reading:
    study = context.settings.readings
    final = protocol.Stage(finalists, curves, study.replicates, context.evidence)
    return protocol.decide(final, final.scale(), study)


def train(
    readings: Sequence[protocol.Reading], context: Context, before: pd.DataFrame
) -> pd.DataFrame:
    """Return every pass of every replicate, as results/readings_curves.csv has them.

    What stands in ``before``, a table with the same columns, is not trained again if code, settings
    and data are the same. A replicate that diverges ends with its last whole pass.
    """
    jobs = prepare_jobs(readings, context)
    by_recipe = {_title(reading): reading for reading in readings}
    first = before.drop_duplicates(["key", "pass"])
    histories = {str(name): rows for name, rows in first.groupby("key")}
    by_key = {shorten_key(job): job for job in jobs}
    train_missing(readings[0].stage, by_key, histories, _train_one, context.settings.train)
    tables = []
    for job in jobs:
        reading, key = by_recipe[job.experiment.name], shorten_key(job)
        history = histories[key].assign(
            stage=reading.stage, reading=reading.name, replicate=job.number, key=key
        )
        tables.append(history[list(CURVES.columns)])
    return pd.concat(tables, ignore_index=True)


def _train_one(job: Job, monitor: Monitor) -> tuple[str, pd.DataFrame]:
    """Train a replicate without any test pattern; return its key and its history."""
    experiment, number = job
    reading = experiment.recipe
    if not isinstance(reading, Recipe):
        raise TypeError("a reading is a recipe of a network")
    data, folders = experiment.database, experiment.folders
    shape = network(reading.network, reading.database, paper.load(folders.paper))
    engine = _build_engine(reading, shape)
    checkpoint = folders.checkpoints / "readings" / f"{key(experiment, number)[:32]}.npz"
    no_tests = (data.test_images[:0], data.test_labels[:0])
    pool = OriginalPool(data.train_images, data.train_labels, reading.training_patterns)
    trainer = Trainer(reading, number, engine, pool, no_tests, checkpoint)
    try:
        rows = trainer.run(monitor).history
    except Diverged as error:
        monitor.line(str(error))
        rows = []
    return shorten_key(job), _tabulate(rows)


def _tabulate(rows: Sequence[Mapping[str, float]]) -> pd.DataFrame:
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
    context, study, out = read_context(folders, settings), settings.readings, folders.out
    steps = compute_steps(context)
    STEPS.write(out, steps)
    before = CURVES.read(out) if CURVES.exists(out) else CURVES.frame([])

    def get_curves(readings: Sequence[protocol.Reading]) -> pd.DataFrame:
        if not stages or readings[0].stage in stages:
            return train(readings, context, before)
        return before[before["stage"] == readings[0].stage]

    candidates = protocol.list_candidates(study, steps)
    curves = get_curves(candidates)
    finalists = _select_finalists(candidates, curves, context)
    curves = pd.concat([curves, get_curves(finalists)], ignore_index=True)
    winner = _decide(finalists, curves, context)
    print(f"decided for: {winner.name}", flush=True)
    for readings in (protocol.list_controls(study), protocol.list_variations(study, winner)):
        curves = pd.concat([curves, get_curves(readings)], ignore_index=True)
        CURVES.write(out, curves)
    table = protocol.rank_readings(curves, steps, settings, context.evidence)
    RANKING.write(out, table)
    return table


def summary(table: pd.DataFrame) -> str:
    """Return the readings that were trained to the end, by rank."""
    ranking = table[table["stage"] != "screening"]
    columns = ["stage", "reading", "distance", "rms", "training_error"]
    return ranking[columns].to_string(index=False)
