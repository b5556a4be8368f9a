"""The engine that a training is by, and the hashes that tell its beginning from another's.

``ENGINE`` is the number of all that our own networks' weights follow from, apart from settings,
seed and data. It is raised when the golden hashes of ``tests/golden`` change, and only then.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

ENGINE = 2
# The numbers of presentations after which a training's weights are hashed for its record.
MARKS = (100, 1000)


def sha256(values: NDArray[np.generic]) -> str:
    """Return the SHA-256 of an array's bytes, in C order and little-endian, as 64 hex digits."""
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return hashlib.sha256(little.tobytes()).hexdigest()


def mark_name(mark: int) -> str:
    """Return what a record calls the hash of the weights after ``mark`` presentations."""
    return f"weights_after_{mark}_sha256"
