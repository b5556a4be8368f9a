"""How fast training is, compared with what, and how far from the peak of the machine.

Everything that is compared is timed in turns on one core, so that what slows the machine for a
while slows all of it; a ratio is formed within each turn. Times are CPU seconds.
"""

from replication.comparison.verdicts.benchmark import BENCH as BENCH

NETWORKS = ("lenet5", "lenet4", "lenet1", "perceptron-300", "perceptron-1000",
            "perceptron-300-100", "perceptron-500-150")  # fmt: skip
# LeNet-5 with distortions: the drawing of a pattern and its training.
DISTORTED = "distorted"
