"""One reading for all networks without RBF units: perceptrons, LeNet-1 and LeNet-4.

The paper trains them as it trains LeNet-5 (p. 13), and prints neither criterion nor initial range
nor input levels for them. Half the squared error is the authors' later library's. The numerator v
of the initial range v / sqrt(F), the number of passes ("10 to 20", p. 14) and the input levels are
fitted to one number of Figure 9: readings whose interval for one more run holds it are tied, and of
these the one nearest to the text is adopted, the first by the order in params.yaml. Every other
network is predicted by it.
"""

from replication.files import Table
from replication.studies.variants import OUTCOME

PLAIN = Table(
    "plain.csv",
    "python -m replication plain",
    ("levels", "range", "passes", *OUTCOME),
    words=("levels", "key"),
)
