"""What boosting costs, by how often the later networks are called (Section III-C.9, p. 14).

The paper does not say when the first network is confident enough to answer alone. So every share
of the test patterns is tried: those with the smallest margin go to the two other networks.
"""

from replication.files import Table

COMMAND = "python -m replication boosting"
COSTS = Table(
    "boosting.csv", COMMAND, ("replicate", "called_percent", "nets", "test_error_percent")
)
