"""Random readings of what the paper leaves open: which share comes near the published error?

The open choices and their values stand in params.yaml, committed before any was trained. Each
reading takes one value of each, independently and with equal probability.
"""

from replication.files import Table
from replication.studies.variants import OUTCOME

MULTIVERSE = Table(
    "multiverse.csv",
    "python -m replication multiverse",
    ("reading", "changes", *OUTCOME),
    words=("changes", "key"),
)
