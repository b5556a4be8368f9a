"""The multiply-adds of an update."""

from replication.core.networks.specification import Kind, Network


def multiply_adds(network: Network) -> int:
    """Multiply-adds of one update: 0.87 million for LeNet-5 with Table I.

    Each weight of each unit is used once forwards, once for its own derivative (the RBF units'
    codes have none) and once for the derivative of its input (not the image's). The four inputs
    of a sub-sampling unit are added first and share one coefficient. Biases, squashing functions
    and the update itself are not counted.
    """
    total = 0
    for number, layer in enumerate(network.layers):
        maps, height, width = layer.outputs
        weights = maps if layer.kind is Kind.SUBSAMPLING else layer.pairs * layer.kernel**2
        uses = 1 + int(layer.kind is not Kind.RBF) + int(number > 0)
        total += uses * height * width * weights
    return total
