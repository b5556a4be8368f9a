"""The databases of Section III-A, made from the raw files each time they are used.

The raw files are MNIST's in the IDX format, gzipped: a big-endian header (two zero bytes, a type
byte 0x08 for unsigned bytes, the number of dimensions, a 32-bit size for each) and the values.
``SHA256SUMS`` beside them has the SHA-256 of each file's uncompressed content.
``data/prepared/summary.json`` states the hash of a database's arrays, which it is checked by.
"""

import gzip
import hashlib
import math
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from replication.core.mnist import versions
from replication.errors import ReplicationError
from replication.files import read_json

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

    Raises ReplicationError, naming the file, when it is missing or damaged, not a file of 28x28
    images, or has another sum than ``SHA256SUMS`` in its folder says.
    """
    images = _read(path, dimensions=3)
    if images.shape[1:] != (_SIDE, _SIDE):
        height, width = images.shape[1:]
        raise _damaged(path, f"holds {height}x{width} images where MNIST's are {_SIDE}x{_SIDE}")
    return images


def read_labels(path: Path) -> Bytes:
    """Read a gzipped file of labels, 0 to 9: uint8 (n,); raises as `read_images` does."""
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


Levels = npt.NDArray[np.float32]

VERSION = 1
SUMMARY = "summary.json"
PREPARE = "python -m replication prepare"
_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


@dataclass(frozen=True)
class Database:
    """One version of MNIST: images uint8 (n, height, width), 0 to 255, and labels uint8 (n,)."""

    train_images: Bytes
    train_labels: Bytes
    test_images: Bytes
    test_labels: Bytes

    def sha256(self) -> str:
        """Return the hash, hex, of the four arrays' shapes and bytes in the order of the fields."""
        digest = hashlib.sha256()
        for name in _ARRAYS:
            array = np.ascontiguousarray(getattr(self, name))
            digest.update(f"{name} {array.shape}\n".encode())
            digest.update(array.data)
        return digest.hexdigest()


_VERSIONS: Mapping[str, Callable[[Bytes], Bytes]] = {
    "regular": lambda images: images,
    "deslanted": versions.deslant,
    "sixteen": versions.reduce_to_sixteen,
    # Not of the paper; other readings of "20x20" and of "16x16".
    "cropped": versions.crop,
    "sixteen-boxed": versions.reduce_boxed_to_sixteen,
}


def read_raw(raw: Path) -> Database:
    """Read the four IDX files of ``raw`` as they are: the regular database, 28x28.

    Raises ReplicationError for a damaged file, and where images and labels do not pair up.
    """
    train = _read_pair(raw, TRAIN_IMAGES, TRAIN_LABELS)
    return Database(*train, *_read_pair(raw, TEST_IMAGES, TEST_LABELS))


def _read_pair(raw: Path, images_file: str, labels_file: str) -> tuple[Bytes, Bytes]:
    images, labels = read_images(raw / images_file), read_labels(raw / labels_file)
    if len(images) != len(labels):
        raise ReplicationError(
            f"{raw / images_file} holds {len(images)} images but there are {len(labels)} labels: "
            f"restore them with `{RESTORE}`"
        )
    return images, labels


def derive(name: str, regular: Database) -> Database:
    """Make the version ``name``, one of `_VERSIONS`, of the regular database."""
    version = _VERSIONS.get(name)
    if version is None:
        raise ReplicationError(
            f"there is no database `{name}`: choose from {', '.join(_VERSIONS)} in params.yaml"
        )
    train, test = version(regular.train_images), version(regular.test_images)
    return replace(regular, train_images=train, test_images=test)


def load(raw: Path, prepared: Path, name: str) -> Database:
    """Make the version ``name`` from the raw files, and check it against ``summary.json``.

    Reading the files takes a third of a second, deslanting two. Raises ReplicationError as
    `read_raw` does, and when the arrays are not those that the summary states.
    """
    database = derive(name, read_raw(raw))
    if database.sha256() != read_facts(prepared, name).sha256:
        raise ReplicationError(
            f"the database `{name}`, made from {raw}, does not have the hash that "
            f"{prepared / SUMMARY} states: run `{PREPARE}` to bring both up to date"
        )
    return database


class DatabaseFacts(NamedTuple):
    """The hash of a database's arrays, hex, and its size, as ``summary.json`` states them."""

    sha256: str
    training_patterns: int


def read_facts(prepared: Path, name: str) -> DatabaseFacts:
    """Read what ``summary.json`` states of the database ``name``; ReplicationError for nothing."""
    path = prepared / SUMMARY
    summary = read_json(path, PREPARE)
    if not isinstance(summary, dict) or summary.get("version") != VERSION:
        raise ReplicationError(f"{path} is not of version {VERSION}: run `{PREPARE}` again")
    try:
        entry = summary["databases"][name]
        return DatabaseFacts(str(entry["sha256"]), int(entry["training_patterns"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ReplicationError(
            f"{path} says nothing of the database `{name}`: name it under `prepare.databases` in "
            f"params.yaml and run `{PREPARE}`"
        ) from error


def grey_levels(background: float, foreground: float) -> Levels:
    """Return float32 (256,), from 0 -> background to 255 -> foreground (Section II-B, page 7)."""
    ink = np.arange(256, dtype=np.float64) / 255.0
    # So written that both ends are exact.
    return (background * (1.0 - ink) + foreground * ink).astype(np.float32)


def make_inputs(images: Bytes, field: int, table: Levels) -> Levels:
    """Return the inputs of centred images, by a table of `grey_levels`: float32 (n, f, f)."""
    return table[centre_in_field(images, field)]


def centre_in_field(images: Bytes, field: int) -> Bytes:
    """Centre uint8 (n, height, width) images in the background: uint8 (n, field, field).

    An odd line or column left over goes below or to the right; raises as `margins` does.
    """
    _, height, width = images.shape
    top, left = margins(field, height, width)
    return np.pad(images, ((0, 0), (top, field - height - top), (left, field - width - left)))


def margins(field: int, height: int, width: int) -> tuple[int, int]:
    """Return the lines above and columns left of an image centred in a square field."""
    if field < max(height, width):
        raise ReplicationError(
            f"a field of {field}x{field} cannot hold images of {height}x{width}: "
            "raise `prepare.field` in params.yaml"
        )
    return (field - height) // 2, (field - width) // 2
