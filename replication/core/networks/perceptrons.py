"""Fully connected multilayer perceptrons: Sections III-C.5 and III-C.6, p. 12."""

from replication.core.networks.specification import Network, Stack


def perceptron(hidden: tuple[int, ...], field: int) -> Network:
    """Build a perceptron on ``field`` x ``field`` pixels with hidden layers and ten outputs."""
    stack = Stack("perceptron-" + "-".join(map(str, hidden)), field)
    for number, units in enumerate(hidden, start=1):
        stack.full(f"hidden{number}", units)
    return stack.full("output", 10).network()
