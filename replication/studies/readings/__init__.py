"""Which reading of the paper fits its own figures?

The text leaves choices open (paper_notes.md). A reading is one way to settle them; it is scored
against all that the paper publishes of the same training: Figure 5's two curves, the final errors,
and the range of the step sizes in the first pass. The test error alone never decides.
"""

from replication.files import Table

COMMAND = "python -m replication readings"
RANKING = Table(
    "readings.csv",
    COMMAND,
    ("centre", "factor", "level", "reading", "replicates", "distance", "rms", "rms_low",
     "rms_high", "training_error", "test_error"),
)  # fmt: skip
CURVES = Table(
    "readings_curves.csv",
    COMMAND,
    ("reading", "replicate", "pass", "training_presentations", "training_misses", "test_misses"),
)
