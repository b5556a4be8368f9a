"""Gradient-Based Learning Applied to Document Recognition (1998), replicated.

    data/raw --prepare--> data/prepared --train--> results/runs --evaluate--> results/metrics.json
      --compare (with data/paper)--> results/verdicts.csv --report--> results/report/index.html
                                     '--audit--> results/audit.csv

Imports run downwards only: the contract in pyproject.toml says in which order.

For programs of one's own: `load` gives a committed network as a torch module.
"""

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    """Import what programs of one's own use when they ask for it: torch takes a while to load."""
    if name == "load":
        # By its name: no module that imports the package depends on what a user asks for.
        return importlib.import_module("replication.extras.trained").load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
