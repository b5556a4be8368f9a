"""Why published numbers differ from ours: a trial for each hypothesis.

A hypothesis is an entry of ``causes.hypotheses`` in params.yaml. Its trials are trained without the
patterns of some writers (data/writers), and these choose between them; what is chosen is trained
again with all patterns, and its test error is set beside the published one. Where the published
number had a part in the choice, the role of the conclusion is ``fitted``.
"""

from replication.files import Table

COMMAND = "python -m replication causes"
# One row per trial and replicate, and one more column for each key that any hypothesis varies.
# stage: held-out or test. patterns: how many it was trained on. key: the hash of all that decides
# the row.
TRIALS = Table(
    "studies/causes_trials.csv",
    COMMAND,
    ("hypothesis", "stage", "replicate", "patterns", "error_percent", "rejected_percent",
     "training_error_percent", "operations_thousands", "likeness", "key"),
    words=("hypothesis", "stage", "key"),
)  # fmt: skip
# One row per hypothesis and measure. before: ours without it. least, greatest: on the patterns
# held out, over all trials. decided: explains, does not explain or undecided.
CONCLUSIONS = Table(
    "studies/causes.csv",
    COMMAND,
    ("hypothesis", "row", "measure", "published", "before", "ours", "margin", "replicates",
     "held_out_percent", "least_percent", "greatest_percent", "chosen", "role", "decided"),
    words=("hypothesis", "row", "measure", "chosen", "role", "decided"),
)  # fmt: skip
TALLER = Table(
    "studies/causes_taller.csv",
    COMMAND,
    ("experiment", "replicate", "kind", "amount", "misses", "patterns"),
    words=("experiment", "kind"),
)
