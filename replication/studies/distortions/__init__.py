"""How the distortions of Figure 7, p. 11, were drawn: distributions fitted to its 100 patterns.

The paper names the distortions, not their sizes. `data/paper/figure7_distortions.csv` has the
distortion of each drawn pattern; each reading of each quantity is given a uniform and a normal
distribution, and the likeliest of all is chosen.
"""

from replication.files import Table

COMMAND = "python -m replication distortions"
FITS = Table(
    "distortions.csv",
    COMMAND,
    ("quantity", "reading", "distribution", "low", "high", "mean", "sd", "p", "chosen"),
    words=("quantity", "reading", "distribution"),
)
CORRELATIONS = Table(
    "distortion_correlations.csv",
    COMMAND,
    ("first", "second", "absolute", "rho", "p"),
    words=("first", "second"),
)
