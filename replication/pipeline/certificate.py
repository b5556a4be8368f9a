"""The certificate of `verify`: what came out on which machine, to be sent back."""

from __future__ import annotations

import platform
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from replication.errors import ReplicationError
from replication.evaluation.outputs import FAILURES, Check
from replication.files import write_json, write_text
from replication.machine import processor
from replication.runs import RECORD, WEIGHTS, Run

CERTIFICATE = "certificate.json"
TEXT = "certificate.txt"
PACKAGES = ("numpy", "scipy", "numba", "torch", "scikit-learn", "pandas", "matplotlib")


# A check of weights that are not kept, but whose sum the record has.
NOT_KEPT = " (weights_sha256)"


def certificate(checks: Sequence[Check], not_verified: Sequence[str]) -> dict[str, Any]:
    """What was verified, where, and what came out; equal results on one machine are equal bytes."""
    counted = Counter(check.outcome for check in checks)
    weights = [one for one in checks if one.output.endswith((f"/{WEIGHTS}", NOT_KEPT))]
    made_on = [_made_on(check) for check in checks]
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
        "outcomes": dict(counted),
        "weights": dict(Counter(check.outcome for check in weights)),
        "committed_on": dict(Counter(filter(None, made_on))),
        "outputs": [
            {**check._asdict(), **({"committed_on": made} if made else {})}
            for check, made in zip(checks, made_on, strict=True)
        ],
        "not_verified": list(not_verified),
    }


def _made_on(check: Check) -> str:
    """The processor that the committed output was made on; empty where no record says it."""
    run = Run(Path(check.output.removesuffix(NOT_KEPT)).parent)
    try:
        return str(run.record.get("processor") or "") if run.has(RECORD) else ""
    except ReplicationError:
        return ""


def git(folder: Path, *arguments: str) -> str:
    """What git prints in ``folder``; empty where there is no git or no repository."""
    try:
        return subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def commit(folder: Path) -> str:
    """The commit that is checked out, with a plus sign where files differ; empty without git."""
    changed = git(folder, "status", "--porcelain", "--untracked-files=no")
    return git(folder, "rev-parse", "HEAD") + ("+" if changed else "")


def text(content: Mapping[str, Any]) -> str:
    """The same for people."""
    machine = content["machine"]
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in content["outcomes"].items())
    weights = ", ".join(f"{count} {outcome}" for outcome, count in content["weights"].items())
    committed_on = content["committed_on"].items()
    processors = "; ".join(f"{name}, {count} outputs" for name, count in committed_on)
    lines = [
        "Certificate of a verification of the LeNet-5 replication",
        "",
        f"commit      {content['commit'] or 'not known (no git)'}",
        f"made on     {processors or 'not recorded'}",
        f"verified on {machine['processor']}, {machine['architecture']}, {machine['system']}",
        f"packages    Python {machine['python']}, "
        + ", ".join(f"{name} {version}" for name, version in content["packages"].items()),
        f"outputs     {outcomes}",
        f"weights     {weights or 'no network was trained anew'}",
        f"verdict     {'as committed' if content['passed'] else 'NOT as committed'}",
        "",
        *(f"{one['outcome']:<19}{one['output']:<52} {one['detail']}".rstrip()
          for one in content["outputs"]),
        *(f"{'not verified':<19}{line}" for line in content["not_verified"]),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def write(folder: Path, content: Mapping[str, Any]) -> Path:
    """Write both files into ``folder``, and return the text's."""
    write_json(folder / CERTIFICATE, dict(content))
    write_text(folder / TEXT, text(content))
    return folder / TEXT
