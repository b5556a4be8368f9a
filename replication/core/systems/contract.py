"""What every system of the comparison has: fit, and what fitting gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.core.learning.monitor import Monitor
from replication.core.mnist.databases import Database
from replication.core.runs import Answers
from replication.core.systems.shared import NOT_SHARED, Shared


def answers_from_penalties(penalties: NDArray[np.floating]) -> Answers:
    """Return the class of least penalty, the first of equals, and how far the second best is.

    ``penalties`` is (patterns, classes): the lower the likelier.
    """
    best = penalties.argmin(axis=1)
    two = np.partition(penalties, 1, axis=1)[:, :2]
    margins = (two[:, 1] - two[:, 0]).astype(np.float32)
    return Answers(best.astype(np.uint8), margins)


class Task(NamedTuple):
    """One replicate to be fitted.

    Attributes:
        experiment, replicate: its name and number.
        database: training and test patterns; a system must not look at test labels except to
            count the misses of its history.
        levels: float32 (256,), the network input of each grey level.
        checkpoint: where passes done so far may be kept; removed when the replicate is finished.
        shared: the parts that it has in common with other replicates.
    """

    experiment: str
    replicate: int
    database: Database
    levels: NDArray[np.float32]
    checkpoint: Path
    shared: Shared = NOT_SHARED

    def answer(self, penalties: NDArray[np.floating], monitor: Monitor, event: str) -> Answers:
        """Return the answers to the test patterns by their penalties, and say how many are wrong.

        The monitor is told after which ``event``.
        """
        answers, labels = answers_from_penalties(penalties), self.database.test_labels
        wrong = int((answers.classes != labels).sum())
        monitor.line(f"{event}, {wrong} of {len(labels)} missed in test")
        return answers


class Cost(NamedTuple):
    """Figures 11 and 12: thousands of multiply-adds for one answer, and of variables kept."""

    operations_thousands: float
    memory_thousands: float


@dataclass(frozen=True)
class Fitted:
    """The results of fitting.

    Attributes:
        answers: for each test pattern, the class given and the margin.
        cost: what one answer takes.
        history: a row for each pass, columns as in `runs.HISTORY_COLUMNS`; empty for a system that
            is not trained in passes.
        weights: tensors to be kept as ``weights.safetensors``; empty for systems without.
        parameters: number of trainable parameters.
        presentations: training patterns shown in all.
        evidence: of what happened, for the record: hashes by name.
        blas: the kernels of linear algebra in force, where answers depend on them: `machine.blas`.
    """

    answers: Answers
    cost: Cost
    history: pd.DataFrame
    weights: dict[str, NDArray[np.float32]]
    parameters: int
    presentations: int
    evidence: Mapping[str, str] = field(default_factory=dict)
    blas: Sequence[str] = ()


class System(Protocol):
    """A classifier made from the settings of its experiment.

    ``memory`` is what a replicate needs in training at most, in bytes.
    """

    memory: int

    def fit(self, task: Task, monitor: Monitor) -> Fitted:
        """Train on the task's training patterns and answer its test patterns.

        Raises ReplicationError when training fails and Stopped when ``monitor`` asks to stop.
        """
