"""The databases of Section III-A: built from the raw files, kept in ``data/prepared``, read back.

A prepared file is an uncompressed ``.npz`` with fixed time stamps, so that equal content is equal
bytes; ``summary.json`` beside it states the hash of its arrays.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from replication.artifacts import packed, read_json, write_bytes
from replication.errors import ReplicationError
from replication.mnist import idx, versions

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
        """The hash, hex, of the four arrays' shapes and bytes in the order of the fields."""
        digest = hashlib.sha256()
        for name in _ARRAYS:
            array = np.ascontiguousarray(getattr(self, name))
            digest.update(f"{name} {array.shape}\n".encode())
            digest.update(array.data)
        return digest.hexdigest()


_VERSIONS: Mapping[str, Callable[[Bytes], Bytes]] = {
    "regular": lambda images: images,
    "deslanted": versions.deslanted,
    "sixteen": versions.sixteen,
}


def read_raw(raw: Path) -> Database:
    """Read the four IDX files of ``raw`` as they are: the regular database, 28x28.

    Raises ReplicationError for a file that is not what ``SHA256SUMS`` says, and where images and
    labels do not pair up.
    """
    database = Database(
        idx.read_images(raw / idx.TRAIN_IMAGES),
        idx.read_labels(raw / idx.TRAIN_LABELS),
        idx.read_images(raw / idx.TEST_IMAGES),
        idx.read_labels(raw / idx.TEST_LABELS),
    )
    pairs = (
        (idx.TRAIN_IMAGES, database.train_images, database.train_labels),
        (idx.TEST_IMAGES, database.test_images, database.test_labels),
    )
    for name, images, labels in pairs:
        if len(images) != len(labels):
            raise ReplicationError(
                f"{raw / name} holds {len(images)} images but there are {len(labels)} labels: "
                f"run `{idx.FETCH}` to download them again"
            )
    return database


def derive(name: str, regular: Database) -> Database:
    """Make the version ``name`` (regular, deslanted or sixteen) of the regular database."""
    version = _VERSIONS.get(name)
    if version is None:
        raise ReplicationError(
            f"there is no database `{name}`: choose from {', '.join(_VERSIONS)} in params.yaml"
        )
    return Database(
        version(regular.train_images),
        regular.train_labels,
        version(regular.test_images),
        regular.test_labels,
    )


def build(name: str, raw: Path) -> Database:
    """Make the version ``name`` from the raw files; raises ReplicationError as `read_raw` does."""
    return derive(name, read_raw(raw))


def write(prepared: Path, name: str, database: Database) -> None:
    """Write ``<name>.npz``; equal databases give equal bytes."""
    write_bytes(prepared / f"{name}.npz", _packed(database, VERSION))


def load(prepared: Path, name: str) -> Database:
    """Read ``<name>.npz`` and check it against ``summary.json``.

    Raises ReplicationError when either is missing, damaged, of another version, or not as stated.
    """
    path = prepared / f"{name}.npz"
    database = _read(path)
    stated = stated_sha256(prepared, name)
    if database.sha256() != stated:
        raise ReplicationError(
            f"{path} does not hold the arrays that {prepared / SUMMARY} states: "
            f"delete it and run `{PREPARE}`"
        )
    return database


def ensure(prepared: Path, raw: Path, name: str) -> Database:
    """Read ``<name>.npz``, first rebuilding it from ``raw`` where it is missing.

    The ``.npz`` files are too large for git while ``summary.json`` is kept there, so a fresh clone
    has to make them. Raises ReplicationError as `load` does, and when the rebuilt arrays are not
    the ones that the summary states.
    """
    path = prepared / f"{name}.npz"
    if path.exists():
        return load(prepared, name)
    stated = stated_sha256(prepared, name)
    database = build(name, raw)
    if database.sha256() != stated:
        raise ReplicationError(
            f"{path}, rebuilt from {raw}, does not have the hash that {prepared / SUMMARY} "
            f"states: run `{PREPARE}` to bring both up to date"
        )
    write(prepared, name, database)
    return database


def stated_sha256(prepared: Path, name: str) -> str:
    """The hash of the arrays of ``name`` that ``summary.json`` states.

    Raises ReplicationError when the summary is missing, of another version or lacks the database.
    """
    path = prepared / SUMMARY
    summary = read_json(path, PREPARE)
    if not isinstance(summary, dict) or summary.get("version") != VERSION:
        raise ReplicationError(f"{path} is not of version {VERSION}: run `{PREPARE}` again")
    try:
        return str(summary["databases"][name]["sha256"])
    except (KeyError, TypeError) as error:
        raise ReplicationError(
            f"{path} says nothing of the database `{name}`: name it under `prepare.databases` in "
            f"params.yaml and run `{PREPARE}`"
        ) from error


def grey_levels(background: float, foreground: float) -> Levels:
    """The network input of each grey level: float32 (256,), 0 -> background, 255 -> foreground.

    Linear in between (Section II-B, page 7).
    """
    ink = np.arange(256, dtype=np.float64) / 255.0
    # So written that both ends are exact.
    return (background * (1.0 - ink) + foreground * ink).astype(np.float32)


def fields(images: Bytes, field: int, table: Levels) -> Levels:
    """Centre uint8 (n, height, width) images in the background: float32 (n, field, field).

    ``table`` is what `grey_levels` gives. An odd line or column left over goes below or to the
    right. Raises ReplicationError when the field is smaller than the images.
    """
    count, height, width = images.shape
    top, left = margins(field, height, width)
    placed = np.full((count, field, field), table[0], dtype=np.float32)
    placed[:, top : top + height, left : left + width] = table[images]
    return placed


def margins(field: int, height: int, width: int) -> tuple[int, int]:
    """Lines above and columns to the left of a height x width image centred in a square field."""
    if field < max(height, width):
        raise ReplicationError(
            f"a field of {field}x{field} cannot hold images of {height}x{width}: "
            "raise `prepare.field` in params.yaml"
        )
    return (field - height) // 2, (field - width) // 2


def _packed(database: Database, version: int) -> bytes:
    arrays = {name: getattr(database, name) for name in _ARRAYS}
    return packed({**arrays, "version": np.array(version, dtype=np.int64)})


def _read(path: Path) -> Database:
    mend = f"delete it and run `{PREPARE}`"
    try:
        # np.load would leave a damaged file open if it opened it itself.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            version = int(archive["version"])
            if version != VERSION:
                raise ReplicationError(
                    f"{path} is of version {version} where this code reads {VERSION}: {mend}"
                )
            return Database(**{name: archive[name] for name in _ARRAYS})
    except FileNotFoundError as error:
        raise ReplicationError(f"{path} is missing: run `{PREPARE}` first") from error
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise ReplicationError(f"{path} is truncated or damaged: {mend}") from error
