"""Which reading of the paper fits the evidence that the protocol names?

The text leaves choices open (paper_notes.md). A reading is one way to settle them. The protocol
(paper_notes.md, "Protocol") was written before anything was trained for it: a reading is judged by
Figure 5's training curve and by the range of the step sizes in the first pass (p. 10), on seeds of
its own. No test pattern is shown to any network of this study.
"""

from replication.files import Table

STAGES = ("screening", "final", "control", "variation")

COMMAND = "python -m replication readings"
STEPS = Table(
    "readings_steps.csv", COMMAND, ("curvature_start", "range", "step_low", "step_high", "distance")
)
CURVES = Table(
    "readings_curves.csv",
    COMMAND,
    ("stage", "reading", "replicate", "key", "pass", "training_error", "step_low", "step_high"),
    words=("stage", "reading", "key"),
)
RANKING = Table(
    "readings.csv",
    COMMAND,
    ("stage", "reading", "change", "replicates", "distance", "rms", "rms_low", "rms_high",
     "step_low", "step_high", "training_error", "tied", "from_text", "from_library", "adopted"),
    words=("stage", "reading", "change"),
)  # fmt: skip
