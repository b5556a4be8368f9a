"""K nearest neighbours under the readings that Section III-C.2, p. 12, leaves open.

The paper says that the training images of 20x20 pixels are kept, and k only for the deslanted ones.
What "20x20" means for the regular database, k, the vote and the number of prototypes are varied.
"""

from replication.files import Table

COMMAND = "python -m replication neighbours"
SYSTEM, DESLANTED = "knn-euclidean", "deslanted"
ERRORS = Table(
    "neighbours.csv",
    COMMAND,
    ("database", "neighbours", "training_patterns", "vote", "test_error_percent"),
    words=("database", "vote"),
)
