"""How far a test pattern may be changed until it is missed: Section III-E, pp. 15-16.

Nothing is trained: the committed weights of the experiments of ``invariance`` in params.yaml answer
scaled, shifted, rotated and noisy patterns; a few of these pictures are kept with the answers; and
several digits in one wide field give the row of outputs above it (Section II-B, p. 8).
"""

from replication.files import Table

COMMAND = "python -m replication invariance"
COUNTS = Table(
    "invariance.csv",
    COMMAND,
    ("experiment", "replicate", "kind", "amount", "misses", "patterns"),
    words=("experiment", "kind"),
)
EXAMPLES = Table(
    "invariance_examples.csv",
    COMMAND,
    ("experiment", "kind", "amount", "pattern", "class", "penalty"),
    words=("experiment", "kind"),
)
FIELDS = Table(
    "fields.csv",
    COMMAND,
    ("experiment", "picture", "position", "class", "penalty"),
    words=("experiment",),
)
