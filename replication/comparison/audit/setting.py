"""A judged setting, and results/audit.csv, which holds all of them."""

import csv
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from replication.comparison.paper import Status
from replication.files import Table, damaged

AUDIT = Table(
    "audit.csv",
    "python -m replication audit",
    ("claim", "page", "paper", "ours", "status", "reason"),
    words=("claim", "page", "paper", "ours", "status", "reason"),
)


class Setting(NamedTuple):
    """A setting of the authors beside ours; its fields are the columns of results/audit.csv.

    Attributes:
        id: the claim's, the key of params.yaml, the experiment, or the record that contradicts.
        page: of the paper; empty where it says nothing.
        printed: in the paper. in_force: in our runs.
        status: of ours beside the paper. remark: the reason, and the number of runs that show it.
    """

    id: str
    page: str
    printed: str
    in_force: str
    status: Status
    remark: str


def read_settings(results: Path) -> tuple[Setting, ...]:
    """Return the settings of results/audit.csv; ReplicationError when it is missing or damaged."""
    AUDIT.read(results)
    path = results / AUDIT.name
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [[row[name] for name in AUDIT.columns] for row in csv.DictReader(lines)]
    try:
        return TypeAdapter(tuple[Setting, ...]).validate_python(rows)
    except ValidationError as error:
        first = error.errors()[0]
        where = f"row {int(first['loc'][0]) + 1}, column {AUDIT.columns[int(first['loc'][1])]}"
        raise damaged(path, f"{where} is {first['input']!r}", AUDIT.made_by) from error
