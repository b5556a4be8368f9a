"""The databases of Section III-A, made from the raw files each time they are used.

``data/prepared/summary.json`` states the hash of their arrays, and what is made is checked by it.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from replication.core.mnist import idx, versions
from replication.errors import ReplicationError
from replication.files import read_json

Bytes = npt.NDArray[np.uint8]
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

    Raises ReplicationError for a file that is not what ``SHA256SUMS`` says, and where images and
    labels do not pair up.
    """
    train = _read_pair(raw, idx.TRAIN_IMAGES, idx.TRAIN_LABELS)
    return Database(*train, *_read_pair(raw, idx.TEST_IMAGES, idx.TEST_LABELS))


def _read_pair(raw: Path, images_file: str, labels_file: str) -> tuple[Bytes, Bytes]:
    images, labels = idx.read_images(raw / images_file), idx.read_labels(raw / labels_file)
    if len(images) != len(labels):
        raise ReplicationError(
            f"{raw / images_file} holds {len(images)} images but there are {len(labels)} labels: "
            f"restore them with `{idx.RESTORE}`"
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
    """Read what ``summary.json`` states of the database ``name``.

    Raises ReplicationError when the summary is missing, of another version or lacks the database.
    """
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
    """Return the input of each grey level: float32 (256,), 0 -> background, 255 -> foreground.

    Linear in between (Section II-B, page 7).
    """
    ink = np.arange(256, dtype=np.float64) / 255.0
    # So written that both ends are exact.
    return (background * (1.0 - ink) + foreground * ink).astype(np.float32)


def make_inputs(images: Bytes, field: int, table: Levels) -> Levels:
    """Return the inputs of centred images, by a table of `grey_levels`: float32 (n, f, f)."""
    return table[centre_in_field(images, field)]


def centre_in_field(images: Bytes, field: int) -> Bytes:
    """Centre uint8 (n, height, width) images in the background: uint8 (n, field, field).

    An odd line or column left over goes below or to the right. Raises ReplicationError when the
    field is smaller than the images.
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
