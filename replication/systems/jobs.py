"""A replicate to be trained: experiment, number, and the key of all that decides its bytes."""

from __future__ import annotations

import hashlib
import importlib
import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from replication import paper, sources
from replication.folders import Folders
from replication.mnist import databases
from replication.mnist.databases import Database
from replication.networks import catalogue
from replication.paper import Paper
from replication.runs import Run
from replication.settings import AnyRecipe, Combined, Prepare, Recipe
from replication.systems.catalogue import system
from replication.systems.contract import System

# The folders whose code shapes a replicate; settings, data and tables enter the key by value.
DECISIVE = ("arithmetic", "compiled.py", "learning", "mnist", "networks", "systems")


class Experiment(NamedTuple):
    """What all replicates of an experiment share.

    ``recipe`` and ``prepare`` are the settings in force; a replicate with more parameters than
    ``kept`` leaves its answers alone, not its weights.
    """

    name: str
    recipe: AnyRecipe
    prepare: Prepare
    kept: int
    folders: Folders

    def run(self, replicate: int) -> Run:
        """What a finished replicate leaves behind."""
        return Run(self.folders.runs / self.name / str(replicate))

    @property
    def data(self) -> databases.Stated:
        """What the prepared data's summary states of the experiment's database."""
        return databases.stated(self.folders.prepared, self.recipe.database)

    @property
    def system(self) -> System:
        """What trains the replicates."""
        return system(self.name, self.recipe, _paper(self.folders.paper, Path.cwd()))


def presentations(experiment: Experiment) -> int:
    """How many patterns one replicate is shown in training, by all networks that it trains.

    A system of several networks says how many in its module's ``NETWORKS``.
    """
    module = importlib.import_module(type(experiment.system).__module__)
    networks: int = getattr(module, "NETWORKS", 1)
    return networks * experiment.recipe.presentations(experiment.data.training_patterns)


class Job(NamedTuple):
    """One replicate of an experiment."""

    experiment: Experiment
    number: int

    @property
    def name(self) -> str:
        """As it is shown: the experiment and the replicate's number."""
        return f"{self.experiment.name} {self.number}"


def key(experiment: Experiment, replicate: int) -> str:
    """A hash of all that decides the replicate's bytes: settings, seed, data and code."""
    published = _paper(experiment.folders.paper, Path.cwd())
    decisive = {
        "settings": experiment.recipe.training(),
        "levels": [experiment.prepare.background, experiment.prepare.foreground],
        "replicate": replicate,
        "data": experiment.data.sha256,
        "paper": [published.digit_codes.tolist(), published.connection_table],
        "code": code(experiment),
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def code(experiment: Experiment) -> str:
    """A hash of the code that makes a replicate: its system's, its network's and optimiser's."""
    recipe = experiment.recipe
    modules = [type(experiment.system).__module__]
    if isinstance(recipe, Recipe | Combined):
        name = recipe.optimiser.name.replace("-", "_")
        modules.append(f"replication.learning.optimisers.{name}")
        modules.append(catalogue.module(recipe.network))
    return sources.version(tuple(modules), DECISIVE)


# One reading serves all replicates of a process, as long as a relative path means the same folder.


@cache
def _paper(folder: Path, _: Path) -> Paper:
    return paper.load(folder)


@cache
def _database(raw: Path, prepared: Path, name: str, _: Path) -> Database:
    return databases.load(raw, prepared, name)


def database(experiment: Experiment) -> Database:
    """The patterns of an experiment, read once a process."""
    folders = experiment.folders
    return _database(folders.raw, folders.prepared, experiment.recipe.database, Path.cwd())
