"""Who wrote which pattern, as far as it is used: data/writers, drawn from QMNIST's labels.

Yadav and Bottou (2019) traced each digit of MNIST to its writer. No writer of the test set is in
the training set, so the patterns that are held out to choose by are those of whole writers as well.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replication.files import Table, damaged

_RESTORE = "git checkout data/writers"
HELD_OUT = Table("held_out.csv", _RESTORE, ("training_index",))
TEST = Table("test.csv", _RESTORE, ("writer",))


def read_held_out(folder: Path, patterns: int) -> NDArray[np.int64]:
    """Return the indices of the training patterns that are held out, in increasing order.

    Raises ReplicationError for a file that is missing or damaged, or that names other patterns than
    the first ``patterns``.
    """
    numbers = HELD_OUT.read(folder)["training_index"].to_numpy()
    increasing = bool((np.diff(numbers) > 0).all())
    if numbers.dtype != np.int64 or not increasing or numbers[0] < 0 or numbers[-1] >= patterns:
        problem = f"not the numbers of some of {patterns} patterns, in increasing order"
        raise damaged(folder / HELD_OUT.name, problem, _RESTORE)
    return numbers


def read_test_writers(folder: Path, patterns: int) -> NDArray[np.int64]:
    """Return the number of the writer of each test pattern, (patterns,), from 0.

    Raises ReplicationError for a file that is missing or damaged or has another number of patterns.
    """
    writers = TEST.read(folder)["writer"].to_numpy()
    if writers.dtype != np.int64 or len(writers) != patterns or writers.min() < 0:
        raise damaged(folder / TEST.name, f"not a writer for each of {patterns} patterns", _RESTORE)
    return writers
