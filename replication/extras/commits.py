"""The last commit of each result and of what it follows from."""

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from replication.errors import ReplicationError
from replication.extras.certificate import git

# The results, and what they follow from.
_TRACED = ("results", "data", "params.yaml", "dvc.yaml", "replication", "CITATION.cff")


def read_commits(root: Path) -> dict[str, tuple[str, str]]:
    """Return by file and by folder the last commit that changed it, and its date in UTC.

    What differs from the last commit has none, nor has a folder with such a file. Raises
    ReplicationError where git cannot answer, as in a clone that lacks the commits before the last.
    """
    if git(root, "rev-parse", "--is-shallow-repository") == "true":
        raise ReplicationError(
            "this clone lacks the earlier commits, by which the results came: "
            "`git fetch --unshallow` brings them"
        )
    text = git(root, "log", "--format=%x00%H %ct", "--name-only", "--", *_TRACED)
    commits: dict[str, tuple[str, str]] = {}
    for entry in text.split("\0")[1:]:
        head, *paths = entry.split("\n")
        commit, _, seconds = head.partition(" ")
        date = datetime.fromtimestamp(int(seconds), UTC).isoformat()
        for path in filter(None, paths):
            for place in _with_folders(path):
                known = commits.setdefault(place, (commit, date))
                commits[place] = max(known, (commit, date), key=lambda pair: pair[1])
    changed = git(root, "diff", "--name-only", "HEAD", "--", *_TRACED).splitlines()
    new = git(root, "ls-files", "--others", "--exclude-standard", "--", *_TRACED).splitlines()
    differing = {place for path in (*changed, *new) for place in _with_folders(path)}
    return {place: pair for place, pair in commits.items() if place not in differing}


def _with_folders(path: str) -> list[str]:
    """Return a path and all folders that it lies in, each with a slash at its end."""
    parents = PurePosixPath(path).parents
    return [path, *(f"{folder}/" for folder in parents if folder.name)]
