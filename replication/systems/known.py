"""Which classifiers there are: the modules of replication/systems/classifiers."""

from __future__ import annotations

from pathlib import Path

from replication.errors import ReplicationError
from replication.settings.document import did_you_mean
from replication.systems import classifiers


def module_of(system: str) -> Path:
    """The file of the classifier of that name; ReplicationError when there is none."""
    files = {
        path.stem.replace("_", "-"): path
        for path in sorted(Path(classifiers.__path__[0]).glob("*.py"))
        if path.stem != "__init__"
    }
    if system not in files:
        raise ReplicationError(
            f"there is no system '{system}'{did_you_mean(system, files)}: "
            f"replication/systems/classifiers has {', '.join(files)}"
        )
    return files[system]
