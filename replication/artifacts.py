"""Names that other modules still import from here; they live in `files`, `runs` and `metrics`."""

from replication.evaluation.metrics import read_metrics, write_metrics
from replication.files import (
    packed,
    read_json,
    read_table,
    write_bytes,
    write_json,
    write_table,
    write_text,
)
from replication.runs import (
    HISTORY_COLUMNS,
    Answers,
    read_answers,
    read_history,
    read_record,
    read_weights,
    write_answers,
    write_history,
)

__all__ = [
    "HISTORY_COLUMNS",
    "Answers",
    "packed",
    "read_answers",
    "read_history",
    "read_json",
    "read_metrics",
    "read_record",
    "read_table",
    "read_weights",
    "write_answers",
    "write_bytes",
    "write_history",
    "write_json",
    "write_metrics",
    "write_table",
    "write_text",
]
