"""Writes small data/raw folders: IDX files of any arrays with the sums that make them right."""

import gzip
import hashlib
from pathlib import Path

import numpy as np

from replication.core.mnist import databases


def encoded(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


def write_content(path, content, *, sealed=True):
    """Write `content` gzipped; sealed: SHA256SUMS says that it is right."""
    path.write_bytes(gzip.compress(content, mtime=0))
    if sealed:
        seal(path, content)


def seal(path, content):
    sums = path.parent / databases.SUMS
    name = path.name.removesuffix(".gz")
    lines = sums.read_text().splitlines() if sums.exists() else []
    kept = [line for line in lines if not line.endswith(f"  {name}")]
    digest = hashlib.sha256(content).hexdigest()
    sums.write_text("\n".join([*kept, f"{digest}  {name}"]) + "\n")


def write_raw(folder: Path, database):
    """Write a whole data/raw folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_content(folder / databases.TRAIN_IMAGES, encoded(database.train_images))
    write_content(folder / databases.TRAIN_LABELS, encoded(database.train_labels))
    write_content(folder / databases.TEST_IMAGES, encoded(database.test_images))
    write_content(folder / databases.TEST_LABELS, encoded(database.test_labels))
    return folder
