"""The certificate of `verify`: the outcomes and the machine, to be sent back."""

import platform
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from replication.comparison.evaluation.outputs import FAILURES, Check
from replication.core.runs import RECORD, WEIGHTS, Run
from replication.errors import ReplicationError
from replication.files import write_json, write_text
from replication.machine import processor
from replication.report.texts import templates

CERTIFICATE, TEXT = "certificate.json", "certificate.txt"
PACKAGES = ("numpy", "scipy", "numba", "torch", "scikit-learn", "pandas", "matplotlib")


def certificate(checks: Sequence[Check], not_verified: Sequence[str]) -> dict[str, Any]:
    """Return outputs, machine and outcomes of a verification; the same again is the same bytes."""
    weights = [check.outcome for check in checks if check.output.endswith(f"/{WEIGHTS}")]
    return {
        "commit": commit(Path.cwd()),
        "machine": {
            "processor": processor(),
            "architecture": platform.machine(),
            "system": platform.system(),
            "python": platform.python_version(),
        },
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "passed": not any(check.outcome in FAILURES for check in checks),
        "outcomes": dict(Counter(check.outcome for check in checks)),
        "weights": dict(Counter(weights)),
        "committed_on": dict(Counter(filter(None, map(_read_processor, checks)))),
        "outputs": [check._asdict() for check in checks],
        "not_verified": list(not_verified),
    }


def _read_processor(check: Check) -> str:
    """Return the processor of the committed output's record; empty without one."""
    run = Run(Path(check.output).parent)
    try:
        return str(run.record.get("processor") or "") if run.has(RECORD) else ""
    except ReplicationError:
        return ""


def git(folder: Path, *arguments: str) -> str:
    """Return the output of git in the repository whose top is ``folder``.

    Raises ReplicationError with git's own reason where it cannot answer, and for a folder that
    lies in the repository of something else, as an archive unpacked there does.
    """
    top = _git(folder, "rev-parse", "--show-toplevel")
    if Path(top).resolve() != folder.resolve():
        raise ReplicationError(
            f"{folder.resolve()} is no git repository, but lies in that of {top}: work in a clone"
        )
    return _git(folder, *arguments)


def _git(folder: Path, *arguments: str) -> str:
    try:
        return subprocess.run(
            ["git", "-c", "core.quotePath=false", *arguments],
            cwd=folder, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
    except FileNotFoundError as error:
        raise ReplicationError("git is not installed: install it, and work in a clone") from error
    except (OSError, subprocess.CalledProcessError) as error:
        said = str(getattr(error, "stderr", None) or error).strip().splitlines()
        raise ReplicationError(
            f"git does not answer in {folder.resolve()} ({said[0]}): work in a clone"
        ) from error


def commit(folder: Path) -> str:
    """Return the commit, with a plus sign where files differ; empty where git cannot tell."""
    try:
        changed = git(folder, "status", "--porcelain", "--untracked-files=no")
        return git(folder, "rev-parse", "HEAD") + ("+" if changed else "")
    except ReplicationError:
        return ""


def tally(counts: Mapping[str, int]) -> str:
    """Return how many there are of each."""
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def line(output: str, outcome: str, detail: str = "") -> str:
    """Return the line that is printed for one output."""
    return f"{outcome:<19}{output:<52} {detail}".rstrip()


def write(folder: Path, content: Mapping[str, Any]) -> Path:
    """Write both files into ``folder``, and return the text's."""
    template = templates(__package__).get_template("certificate.txt.j2")
    write_json(folder / CERTIFICATE, dict(content))
    write_text(folder / TEXT, template.render(**content, line=line, tally=tally))
    return folder / TEXT
