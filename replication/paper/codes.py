"""The RBF codes of Figure 3, p. 8: bitmaps of 12 rows of 7, one for each printable character."""

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from replication.errors import ReplicationError
from replication.paper.claims import RESTORE, read_text

Codes = npt.NDArray[np.int8]

FIRST_CHARACTER, LAST_CHARACTER = 32, 126
_CODE = re.compile(r"code (\d+) .*\n((?:[#.]{7}\n){12})(?=\n|$)")


def read_codes(path: Path) -> Codes:
    """Return the codes in the order of their characters: int8 (95, 84), -1 or +1.

    Raises ReplicationError naming the file, and the first code that is not where it belongs.
    """
    codes = _CODE.findall(f"{read_text(path)}\n")
    numbers = [int(number) for number, _ in codes]
    expected = range(FIRST_CHARACTER, LAST_CHARACTER + 1)
    if numbers != list(expected):
        place = next((n for n, own in zip(expected, numbers, strict=False) if n != own),
                     FIRST_CHARACTER + len(numbers))  # fmt: skip
        raise ReplicationError(
            f"{path} does not have code {place} next, as 12 rows of 7 `#` and `.`: {RESTORE}"
        )
    bitmaps = [bitmap.replace("\n", "") for _, bitmap in codes]
    return np.array([[1 if mark == "#" else -1 for mark in bitmap] for bitmap in bitmaps], np.int8)
