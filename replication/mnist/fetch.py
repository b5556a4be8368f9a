"""Downloads MNIST's four files again from torchvision's mirrors, checked by our own sums.

The committed files of ``data/raw`` make this needless on a clone; it mends a damaged checkout.
"""

from __future__ import annotations

import gzip
import io
import tempfile
from http.client import HTTPException
from pathlib import Path

from torchvision.datasets import MNIST
from torchvision.datasets.utils import download_url

from replication.errors import ReplicationError
from replication.files import write_bytes
from replication.mnist import idx


def fetch(raw: Path, mirrors: tuple[str, ...] | None = None) -> list[str]:
    """Download each missing or damaged file of ``raw``; return the names that were replaced.

    Good files are left alone. ``mirrors`` are addresses of folders that hold the gzipped files, by
    default torchvision's, tried in order. Raises ReplicationError when no mirror gives a file
    whose uncompressed content has the sum that ``SHA256SUMS`` states.
    """
    addresses = tuple(MNIST.mirrors) if mirrors is None else mirrors
    replaced = []
    for name, _ in MNIST.resources:
        path = raw / name
        if not _is_good(path):
            write_bytes(path, packed(_download(path, addresses)))
            replaced.append(name)
    return replaced


def packed(content: bytes) -> bytes:
    """Gzip ``content`` the way ``data/raw`` is: greatest compression, no name and no time."""
    stream = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=stream, mtime=0) as packer:
        packer.write(content)
    return stream.getvalue()


def _is_good(path: Path) -> bool:
    # A broken SHA256SUMS is not mended by downloading, so its own error must get through.
    idx.read_sums(path.parent)
    try:
        idx.check_sum(path, idx.uncompressed(path))
    except ReplicationError:
        return False
    return True


def _download(path: Path, mirrors: tuple[str, ...]) -> bytes:
    reasons = []
    for mirror in mirrors:
        try:
            with tempfile.TemporaryDirectory() as folder:
                download_url(f"{mirror}{path.name}", folder, path.name)
                content = idx.uncompressed(Path(folder) / path.name)
            idx.check_sum(path, content)
        except ReplicationError:
            reasons.append(f"{mirror} gives a file that is damaged or another")
        except (OSError, HTTPException, RuntimeError) as error:
            # URLError is an OSError; torchvision raises RuntimeError for too many redirections.
            reasons.append(f"{mirror} cannot be reached ({error})")
        else:
            return content
    raise ReplicationError(
        f"{path} could not be downloaded ({'; '.join(reasons)}): check the internet connection, "
        f"or restore the committed file with `git checkout {path.as_posix()}`"
    )
