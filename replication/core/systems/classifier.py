"""What every classifier that is fitted at once has, and how it becomes a system.

A module of the package ``classifiers`` holds one classifier: the class `Options` with its settings,
the class `System`, a `ClassifierSystem` whose ``train`` gives a `Model`, and ``VERSION``, the
number of its code, which is raised when its golden answers change, and only then.
"""

import zlib
from abc import ABC, abstractmethod
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from replication.core.learning.monitor import Monitor
from replication.core.settings import Classifier
from replication.core.systems.contract import (
    NOT_SHARED,
    Chosen,
    Configured,
    Cost,
    Fitted,
    Shared,
    Task,
)
from replication.machine import blas


class Patterns(NamedTuple):
    """Images uint8 (n, height, width), 0 background to 255 ink, with labels uint8 (n,).

    And the parts of the work that replicates of these patterns have in common.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    shared: Shared = NOT_SHARED


class Model(Protocol):
    """A fitted classifier."""

    def penalties(self, images: NDArray[np.uint8]) -> NDArray[np.floating]:
        """Return (n, classes) for images uint8 (n, height, width): the lower the likelier.

        The rejection margin is the difference between the two lowest.
        """

    def cost(self) -> Cost:
        """Return what one answer takes, after `penalties` where it depends on the patterns."""


class ClassifierSystem(Configured[Chosen], ABC):
    """A classifier and its settings; ``train`` is all that a module has to add."""

    memory = 1_000_000_000

    def __init__(self, experiment: str, recipe: Classifier) -> None:
        super().__init__(experiment, recipe.options)
        self._seed = recipe.seed

    @abstractmethod
    def train(self, patterns: Patterns, random: np.random.Generator, monitor: Monitor) -> Model:
        """Fit to the training patterns; every random number comes from ``random``.

        Long work calls ``monitor.check()`` now and then, which raises Stopped when it is to stop.
        """

    def model(self, task: Task, monitor: Monitor) -> Model:
        """Train on the task's training patterns.

        BLAS and torch work with one thread in the whole process from then on: replicates run side
        by side, and sums that are split among threads would depend on their number.
        """
        threadpool_limits(1)
        torch.set_num_threads(1)
        seed = np.random.SeedSequence(
            self._seed or 0, spawn_key=(task.replicate, zlib.crc32(b"classifier"))
        )
        database = task.database
        patterns = Patterns(database.train_images, database.train_labels, task.shared)
        return self.train(patterns, np.random.default_rng(seed), monitor)

    def fit(self, task: Task, monitor: Monitor) -> Fitted:
        """Train, and answer the test patterns."""
        database = task.database
        model = self.model(task, monitor)
        monitor.check()
        penalties, shown = model.penalties(database.test_images), len(database.train_labels)
        monitor.presented(shown)
        answers = task.answer(penalties, monitor, "fitted")
        return Fitted(answers, model.cost(), pd.DataFrame(), {}, 0, shown, blas=blas())


def flat(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return images uint8 (n, height, width) as float32 (n, pixels), 0 background to 1 ink."""
    return (images.reshape(len(images), -1) / np.float32(255)).astype(np.float32)
