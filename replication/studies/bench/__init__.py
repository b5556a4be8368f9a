"""How fast training is, against what, and how far from the machine's peak.

All that is compared is timed in turn, over and over, so that whatever slows the machine for a
while slows all of it; a ratio is formed within each repeat.
"""

FILE, COMMAND = "bench.json", "python -m replication bench"
NETWORKS = ("lenet5", "lenet4", "lenet1", "perceptron-300-100", "perceptron-1000")
EARLIER, SHARE = "earlier-", "time_as_share_of_earlier"
PEAK, BANDWIDTH = "peak_multiply_adds_per_second", "bandwidth_bytes_per_second"
