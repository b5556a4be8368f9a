"""How training begins: sums, weights and criteria of the first passes (p. 13; Appendices A and B).

Small on purpose, since the paper states directions only. `BEGINNINGS` has one number per row:

* ``sums``: the standard deviation of the weighted sums of a layer of LeNet-5 before training, over
  units and patterns, with the printed initial range and with the one in force;
* ``weights``: root mean square of the weights of the perceptron with 300 hidden units by pass;
* ``squashing`` and ``updates``: the squared error of a small perceptron by pass, with squashing
  functions that are symmetric or never negative, updated pattern by pattern or all at once; each
  with the best of the same learning rates.
"""

from replication.files import Table

COMMAND = "python -m replication beginnings"
PRINTED, IN_FORCE = "printed range", "range in force"
BEGINNINGS = Table(
    "beginnings.csv",
    COMMAND,
    ("subject", "variant", "replicate", "step", "value"),
    words=("subject", "variant", "step"),
)
