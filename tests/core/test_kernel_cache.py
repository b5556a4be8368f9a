"""Compiled code is kept between runs, and never used after an edit or when it is damaged."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small import REPOSITORY, copy_package

from replication.core import compiled
from replication.errors import ReplicationError

PROGRAM = """
import numpy as np
from replication.core.learning.kernels import squashing
values = np.full(4, 1.0, np.float32)
squashing.squash(values, np.float32(1), np.float32(1))
hits = sum(squashing.squash.stats.cache_hits.values())
print(f"{values[0]:.6f} {hits} {squashing.squash.stats.cache_path}")
"""
# By the file that is edited, the edit after which the answer is twice as large.
EDITS = {
    "core/learning/kernels/squashing.py": ("same(amplitude) *", "same(amplitude + amplitude) *"),
    "core/arithmetic/elementary.py": ("return a * p / q", "return (a + a) * p / q"),
}


def squashed(project: Path, **changes: str | None) -> tuple[float, int, str]:
    """Return tanh(1) of the copy in ``project``, whether code was found, and where it is kept."""
    changed = {**os.environ, "PYTHONPATH": str(project), **changes}
    environment = {name: value for name, value in changed.items() if value is not None}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=project, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    value, hits, place = done.stdout.split()
    return float(value), int(hits), place


@pytest.mark.slow
@pytest.mark.parametrize("edited", EDITS)
@pytest.mark.parametrize("home", ["home", "none", "named"])
def test_an_edited_kernel_is_compiled_again(tmp_path, home, edited):
    """With a home folder, with one that cannot be written, and with NUMBA_CACHE_DIR."""
    project = tmp_path / "project"
    package = copy_package(project)
    where = {
        "home": {"HOME": str(tmp_path / "home"), "NUMBA_CACHE_DIR": None},
        "none": {"HOME": "/proc/nowhere", "TMPDIR": str(tmp_path), "NUMBA_CACHE_DIR": None},
        "named": {"HOME": "/proc/nowhere", "NUMBA_CACHE_DIR": str(tmp_path / "named")},
    }[home]
    value, hits, place = squashed(project, **where)
    assert (value, hits) == (0.761594, 0)
    assert place.startswith(str(tmp_path))
    assert squashed(project, **where) == (0.761594, 1, place)
    source = package / edited
    before = source.stat()
    text = source.read_text(encoding="utf-8")
    assert EDITS[edited][0] in text
    source.write_text(text.replace(*EDITS[edited]), encoding="utf-8")
    # Even when the clock does not tell the two apart.
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    value, hits, _ = squashed(project, **where)
    assert (value, hits) == (pytest.approx(2 * 0.761594, abs=1e-5), 0)
    assert not list(package.rglob("*.nb[ic]"))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder in which compiled code is kept."""
    monkeypatch.setattr(compiled, "_places", lambda: iter([tmp_path / "kept"]))
    compiled._folder.cache_clear()
    yield tmp_path / "kept"
    compiled._folder.cache_clear()


def doubled(value):
    return value + value


def hits(function) -> int:
    return sum(function.stats.cache_hits.values())


def test_code_that_is_cut_or_changed_is_compiled_again(place):
    assert compiled.kernel(doubled)(2.0) == 4.0
    (kept,) = (path for path in place.rglob("*") if path.is_file())
    whole = kept.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for content in (b"", whole[:7], whole[:middle], whole[:-1], flipped):
        kept.write_bytes(content)
        again = compiled.kernel(doubled)
        assert (again(2.0), hits(again)) == (4.0, 0)
        assert kept.read_bytes()[:32] == whole[:32] or len(kept.read_bytes()) > middle
    found = compiled.kernel(doubled)
    assert (found(3.0), hits(found)) == (6.0, 1)


def test_where_nothing_can_be_written_code_is_compiled_and_not_kept(monkeypatch):
    monkeypatch.setattr(compiled, "_places", lambda: iter([Path("/proc/nowhere")]))
    compiled._folder.cache_clear()
    function = compiled.kernel(doubled)
    compiled._folder.cache_clear()
    assert function(2.0) == 4.0
    assert function.stats.cache_path is None


@pytest.mark.usefixtures("place")
def test_a_disk_that_fills_up_costs_the_kept_code_alone(monkeypatch):
    def full(path: Path, content: bytes) -> None:
        raise ReplicationError(f"{path} could not be written with {len(content)} bytes")

    function = compiled.kernel(doubled)
    monkeypatch.setattr(compiled, "write_bytes", full)
    assert function(2.0) == 4.0


def test_a_temporary_folder_that_others_can_write_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(compiled.config, "CACHE_DIR", "")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    (private,) = compiled._places()
    assert private.parent == tmp_path
    private.chmod(0o777)
    assert list(compiled._places()) == []
    private.rmdir()
    (tmp_path / "elsewhere").mkdir()
    private.symlink_to(tmp_path / "elsewhere")
    assert list(compiled._places()) == []


RACE = """
import sys
import numpy as np
from replication.core import compiled
from replication.core.learning.kernels import squashing
kind = [np.float32, np.float64][int(sys.argv[1]) % 2]
squash = compiled.kernel(squashing.squash.py_func)
values = np.full(4, 1.0, kind)
squash(values, kind(1), kind(1))
assert values.dtype == kind and abs(values[0] - np.tanh(1)) < 1e-6, values
print(sum(squash.stats.cache_hits.values()))
"""


@pytest.mark.slow
def test_processes_that_fill_an_empty_folder_do_no_harm(tmp_path):
    """Two of each signature at once, then one of each that finds all of it."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "NUMBA_CACHE_DIR": str(tmp_path)}
    for numbers, found in ((range(4), None), (range(2), "1")):
        racing = [
            subprocess.Popen(
                [sys.executable, "-c", RACE, str(number)],
                env=environment, stdout=subprocess.PIPE, text=True,
            )
            for number in numbers
        ]  # fmt: skip
        for one in racing:
            said, _ = one.communicate()
            assert one.returncode == 0
            assert found in (None, said.strip())


def test_without_the_compiler_kernels_are_one_sentence(monkeypatch):
    monkeypatch.setattr(compiled.config, "DISABLE_JIT", 1)
    with pytest.raises(ReplicationError, match=r"NUMBA_DISABLE_JIT is set.*unset it"):
        compiled.kernel(doubled)


DECORATORS = {"kernel", "lean", "inlined"}


def kernel_modules() -> list[Path]:
    package = REPOSITORY / "replication"
    texts = {path: ast.parse(path.read_text(encoding="utf-8")) for path in package.rglob("*.py")}
    return [
        path
        for path, tree in texts.items()
        if any(
            isinstance(node, ast.FunctionDef) and DECORATORS & {ast.unparse(one) for one
            in node.decorator_list}
            for node in ast.walk(tree)
        )
    ]  # fmt: skip


@pytest.mark.parametrize("path", kernel_modules(), ids=lambda path: path.stem)
def test_a_kernel_uses_nothing_from_files_that_its_folder_is_not_named_after(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ours = {"replication.core.arithmetic", "replication.core.compiled",
            ".".join(path.relative_to(REPOSITORY).with_suffix("").parts[:-1])}  # fmt: skip
    foreign = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("replication")
        if node.module not in ours and str(node.module).rpartition(".")[0] not in ours
        for name in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and DECORATORS & {
            ast.unparse(one) for one in node.decorator_list
        }:
            used = {one.id for line in node.body for one in ast.walk(line)
                    if isinstance(one, ast.Name)}  # fmt: skip
            assert not used & foreign, f"{path.name}: {node.name}"


def test_kernels_are_found():
    assert {"convolution", "squashing", "vectors"} <= {path.stem for path in kernel_modules()}
