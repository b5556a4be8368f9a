"""The headline's uncertainty of the reading: test errors of the other readings that fit as well.

The protocol cannot tell them from the adopted reading (results/readings.csv), and shows no network
a test pattern. These do, after the decision; nothing is chosen by them.
"""

from replication.files import Table
from replication.studies.variants import OUTCOME

TIED = Table(
    "tied.csv",
    "python -m replication tied",
    ("stage", "reading", *OUTCOME),
    words=("stage", "reading", "key"),
)
