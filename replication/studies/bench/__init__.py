"""How fast training is, against what, and how far from the machine's peak.

All that is compared is timed in turns, over and over, on one core, so that whatever slows the
machine for a while slows all of it; a ratio is formed within each turn. Times are CPU seconds.
"""

from replication.comparison.verdicts.benchmark import BENCH

FILE, COMMAND = BENCH.name, BENCH.made_by
NETWORKS = ("lenet5", "lenet4", "lenet1", "perceptron-300", "perceptron-1000",
            "perceptron-300-100", "perceptron-500-150")  # fmt: skip
# LeNet-5 with distortions: the pattern drawn and its training.
DISTORTED = "distorted"
