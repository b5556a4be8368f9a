"""What `golden/` holds, computed by today's code: how each experiment begins, or what it answers.

``golden/engine-<number>.json`` has an entry for each experiment with a network of our engine: by
the identity of its replicate 0 (settings that have an effect, seed and data; `jobs.identity`) the
hash of the weights after 1,000 presentations, of boosted LeNet-4s those of the first network.
``golden/classifiers.json`` has, by the identity of a classifier that is fitted to the first
`PATTERNS` patterns, by the number of its code the hash of its classes (uint8) for the first 1,000
test patterns.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from small import REPOSITORY

from replication.core import settings
from replication.core.learning.identity import ENGINE, MARKS, mark_name, sha256
from replication.core.learning.monitor import Monitor
from replication.core.mnist.databases import Database, grey_levels
from replication.core.systems import jobs
from replication.core.systems.contract import Task
from replication.core.systems.jobs import Experiment, prepare_experiments, versions
from replication.files import write_json
from replication.folders import Folders

GOLDEN = Path(__file__).parent / "golden"
CLASSIFIERS = GOLDEN / "classifiers.json"
UPDATE = "python tests/golden/update.py"
FOLDERS = Folders.below(REPOSITORY)
# Training patterns of a classifier, and test patterns: together a few seconds.
PATTERNS, ANSWERED = 2000, 1000

Entries = dict[str, dict[str, Any]]


def known() -> list[Experiment]:
    """Return all experiments of params.yaml."""
    chosen = settings.load(FOLDERS.params)
    return prepare_experiments(chosen.experiments, chosen, FOLDERS)


def engine_file(number: int = ENGINE) -> Path:
    """Where the golden hashes of an engine are."""
    return GOLDEN / f"engine-{number}.json"


def read(path: Path) -> Entries:
    """Read a file of golden answers; nothing where there is none."""
    entries: Entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return entries


def beginning(experiment: Experiment) -> str:
    """Return the hash of the weights of replicate 0 after 1,000 presentations, trained now."""
    levels = grey_levels(*experiment.inputs.ends)
    nowhere = Path(tempfile.gettempdir()) / "none.npz"
    task = Task(experiment.name, 0, experiment.database, levels, nowhere)
    return experiment.system.begin(task)[mark_name(MARKS[-1])]


def few(experiment: Experiment) -> Database:
    """Return the first patterns of the experiment's database."""
    whole = experiment.database
    return Database(
        whole.train_images[:PATTERNS], whole.train_labels[:PATTERNS],
        whole.test_images[:ANSWERED], whole.test_labels[:ANSWERED],
    )  # fmt: skip


def fitted_identity(experiment: Experiment) -> str:
    """Return what a classifier's golden answers follow from, whatever the code."""
    return jobs.hash_document({"settings": experiment.effective, "data": few(experiment).sha256()})


def answers(experiment: Experiment) -> str:
    """Fit a classifier to a few patterns; return the hash of the classes that it answers."""
    levels = grey_levels(*experiment.inputs.ends)
    nowhere = Path(tempfile.gettempdir()) / "none.npz"
    task = Task(experiment.name, 0, few(experiment), levels, nowhere)
    silent = Monitor(experiment.name, lambda _: None, lambda: False)
    return sha256(np.asarray(experiment.system.fit(task, silent).answers.classes, np.uint8))


def same_as_before(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether two numbers name the same bytes: all entries that both have are equal."""
    both = set(now) & set(before)
    return bool(both) and all(now[key] == before[key] for key in both)


def updated(entries: Entries, name: str, identity: str, number: str, value: str) -> Entries:
    """Return ``entries`` with the value that code of a ``number`` gives.

    Raises ValueError for another value under a number that has one.
    """
    entry = entries.get(identity, {"experiment": name, "sha256": {}})
    there = entry["sha256"].get(number, value)
    if there != value:
        raise ValueError(
            f"{name}: code of the number {number} gave {there[:12]} and now gives {value[:12]}: "
            "bring the code back, or raise its number"
        )
    return {**entries, identity: {**entry, "sha256": {**entry["sha256"], number: value}}}


def update() -> list[str]:
    """Add what is not there yet; return the names of what was added.

    Raises ValueError, and writes nothing, for other bytes under the same number.
    """
    engine, classifiers = read(engine_file()), read(CLASSIFIERS)
    before = json.dumps([engine, classifiers], sort_keys=True)
    for experiment in known():
        if experiment.network is not None:
            identity = jobs.identity(experiment, 0)
            engine = updated(engine, experiment.name, identity, str(ENGINE), beginning(experiment))
        else:
            (number,) = versions(experiment.recipe).values()
            identity = fitted_identity(experiment)
            classifiers = updated(
                classifiers, experiment.name, identity, str(number), answers(experiment)
            )
    was = json.loads(before)
    write_json(engine_file(), engine)
    write_json(CLASSIFIERS, classifiers)
    return [
        entry["experiment"]
        for entries, old in zip((engine, classifiers), was, strict=True)
        for identity, entry in entries.items()
        if old.get(identity) != entry
    ]
