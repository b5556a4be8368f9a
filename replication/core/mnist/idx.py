"""The IDX format of MNIST, gzipped, with the sums that say what is right.

An IDX file is a big-endian header (two zero bytes, a type byte 0x08 for unsigned bytes, the number
of dimensions, a 32-bit size for each dimension) followed by the values. ``SHA256SUMS`` in the same
folder holds the SHA-256 of each file's uncompressed content, so that it stays right whatever the
compression; the headers give the number of patterns.
"""

import gzip
import hashlib
import math
import re
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from replication.errors import ReplicationError

Bytes = npt.NDArray[np.uint8]

SUMS = "SHA256SUMS"
TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)

RESTORE = "git checkout data/raw"
_UNSIGNED_BYTE = 0x08
_LARGEST = 100_000_000  # bytes that are expanded at all
_SIDE = 28
_CLASSES = 10


def read_images(path: Path) -> Bytes:
    """Read a gzipped file of images: uint8 (n, 28, 28), 0 background to 255 ink.

    Raises ReplicationError, naming the file, when it is missing, empty, truncated, damaged, not a
    file of 28x28 images, or has another sum than ``SHA256SUMS`` in its folder says.
    """
    images = _read(path, dimensions=3)
    if images.shape[1:] != (_SIDE, _SIDE):
        height, width = images.shape[1:]
        raise _damaged(path, f"holds {height}x{width} images where MNIST's are {_SIDE}x{_SIDE}")
    return images


def read_labels(path: Path) -> Bytes:
    """Read a gzipped file of labels: uint8 (n,), the digits 0 to 9.

    Raises ReplicationError as `read_images` does, and for a label above 9.
    """
    labels = _read(path, dimensions=1)
    if labels.max() >= _CLASSES:
        place = int(np.argmax(labels >= _CLASSES))
        raise _damaged(path, f"gives pattern {place} the label {labels[place]}, which is no digit")
    return labels


def read_sums(raw: Path) -> dict[str, str]:
    """Read ``SHA256SUMS``: name of the gzipped file -> SHA-256 of its uncompressed content, hex.

    Raises ReplicationError when the file is missing, malformed or leaves one of the four out.
    """
    path = raw / SUMS
    mend = f"restore it with `git checkout {path.as_posix()}`"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ReplicationError(f"{path} is missing or cannot be read: {mend}") from error
    sums: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        match = re.fullmatch(r"([0-9a-f]{64}) [ *](\S+)", line)
        if match is None:
            raise ReplicationError(f"{path}, line {number}, is not a SHA-256 and a name: {mend}")
        sums[f"{match[2]}.gz"] = match[1]
    absent = [name.removesuffix(".gz") for name in FILES if name not in sums]
    if absent:
        raise ReplicationError(f"{path} has no line for {', '.join(absent)}: {mend}")
    return sums


def uncompress(path: Path) -> bytes:
    """Return the content of a gzipped file; ReplicationError when it is missing or damaged."""
    try:
        with gzip.open(path) as stream:
            content = stream.read(_LARGEST + 1)
    except FileNotFoundError as error:
        raise ReplicationError(f"{path} is missing: restore it with `{RESTORE}`") from error
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, f"is not a whole gzip file ({error})") from error
    if len(content) > _LARGEST:
        raise _damaged(path, f"is larger than {_LARGEST:,} bytes, twice as much as MNIST's largest")
    return content


def _read(path: Path, dimensions: int) -> Bytes:
    content = uncompress(path)
    stated, real = read_sums(path.parent)[path.name], hashlib.sha256(content).hexdigest()
    if real != stated:
        raise _damaged(path, f"has the SHA-256 {real[:12]}.. where {SUMS} says {stated[:12]}..")
    # Only a file with a sum of the user's own can have a header that does not fit.
    header = 4 + 4 * dimensions
    sizes = np.frombuffer(content[4:header].ljust(4 * dimensions, b"\0"), ">u4").tolist()
    magic = bytes([0, 0, _UNSIGNED_BYTE, dimensions])
    if content[:4] != magic or not 0 < math.prod(sizes) == len(content) - header:
        problem = f"is not {dimensions}-dimensional, or does not hold as much as its header says"
        raise _damaged(path, problem)
    return np.frombuffer(content, np.uint8, offset=header).reshape(sizes)


def _damaged(path: Path, problem: str) -> ReplicationError:
    return ReplicationError(f"{path} {problem}: restore it with `{RESTORE}`")
