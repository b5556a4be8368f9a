"""Do RBF units reject images of no character better than plain units (Section II-B, p. 8)?

Nothing is trained: the committed LeNet-5s with RBF units and those with ten plain units answer
images that show no digit. Each network has a threshold of its own, which rejects the same small
share of the test digits.
"""

from replication.files import Table

COMMAND = "python -m replication noncharacters"
REJECTED = Table(
    "noncharacters.csv",
    COMMAND,
    ("outputs", "experiment", "replicate", "kind", "rejected_percent"),
    words=("outputs", "experiment", "kind"),
)
RBF, PLAIN = "rbf", "plain"
# What lies between two digits is what a wrong segmentation hands to a recognizer.
KINDS = BETWEEN, SHUFFLED = "between two digits", "shuffled pixels"
