"""Compiled code is kept between runs, and never used after an edit."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small import REPOSITORY

pytestmark = pytest.mark.slow
PROGRAM = """
import numpy as np
from replication.core.learning.kernels import squashing
values = np.full(4, 1.0, np.float32)
squashing.squash(values, np.float32(1), np.float32(1))
hits = sum(squashing.squash.stats.cache_hits.values())
print(f"{values[0]:.6f} {hits}")
"""


def squashed(project: Path, home: Path) -> tuple[float, int]:
    """tanh(1) as the copy in ``project`` computes it, and whether compiled code was found."""
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(project)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    value, hits = done.stdout.split()
    return float(value), int(hits)


def test_an_edited_kernel_is_compiled_anew(tmp_path):
    project = tmp_path / "project"
    shutil.copytree(REPOSITORY / "replication", project / "replication")
    assert squashed(project, tmp_path) == (0.761594, 0)
    assert squashed(project, tmp_path) == (0.761594, 1)
    source = project / "replication/core/learning/kernels/squashing.py"
    before = source.stat()
    text = source.read_text(encoding="utf-8")
    edited = text.replace("values[p] = amplitude", "values[p] = 2 * amplitude")
    assert edited != text
    source.write_text(edited, encoding="utf-8")
    # Even when the clock does not tell the two apart.
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert squashed(project, tmp_path) == (1.523188, 0)
