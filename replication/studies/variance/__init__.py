"""How much variance each source of randomness contributes: one stream varies, the others do not."""

from replication.files import Table

COMMAND = "python -m replication variance"
CURVES = Table(
    "variance_curves.csv",
    COMMAND,
    ("experiment", "replicate", "pass"),
    words=("experiment",),
)
SPREAD = Table(
    "variance.csv",
    "python -m replication compare",
    ("source", "experiment", "replicates", "test_mean", "test_sd", "test_sd_low", "test_sd_high",
     "training_mean", "training_sd", "share_of_variance"),
    words=("source", "experiment"),
)  # fmt: skip
