"""From params.yaml and the folders of the project to experiments ready to be trained."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from replication import paper
from replication.mnist.databases import ensure, grey_levels
from replication.settings import AnyRecipe, Settings
from replication.systems.catalogue import system
from replication.systems.replicates import Experiment


def add_folders(parser: argparse.ArgumentParser) -> None:
    """The arguments that say where things lie, the same for all stages that train."""
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--paper", type=Path, default=Path("data/paper"))
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--runs", type=Path, default=Path("results/runs"))
    parser.add_argument("--checkpoints", type=Path, default=Path(".checkpoints"))


def experiments(
    recipes: Mapping[str, AnyRecipe], chosen: Settings, given: argparse.Namespace
) -> list[Experiment]:
    """One experiment for each of ``recipes``; databases are read once."""
    published = paper.load(given.paper)
    databases = {
        name: ensure(given.prepared, given.raw, name)
        for name in sorted({recipe.database for recipe in recipes.values()})
    }
    table = grey_levels(chosen.prepare.background, chosen.prepare.foreground)
    return [
        Experiment(
            name,
            recipe,
            chosen.prepare,
            published,
            system(name, recipe, published),
            databases[recipe.database],
            table,
            chosen.train.kept_parameters,
            given.runs,
            given.checkpoints,
        )
        for name, recipe in recipes.items()
    ]
