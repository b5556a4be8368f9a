"""What each setting of LeNet-5 matters: each changed alone, around the value in force.

The values and the number of replicates stand in params.yaml, committed before any was trained. The
test errors describe; nothing is chosen by them.
"""

from replication.files import Table
from replication.studies.variants import OUTCOME

SENSITIVITY = Table(
    "sensitivity.csv",
    "python -m replication sensitivity",
    ("setting", "value", *OUTCOME),
    words=("setting", "value", "key"),
)
