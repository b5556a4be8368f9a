"""LeNet-5 with ten plain output units: what Section II-B, p. 8, holds its RBF units against."""

from replication.core.networks.lenet5 import up_to_f6
from replication.core.networks.printed import Printed
from replication.core.networks.specification import Network


def network(paper: Printed) -> Network:
    """Build LeNet-5 up to F6, then a unit for each class that reads F6 and learns +1 or -1.

    The paper gives no such network. F6 has 84 units here too, so that the outputs are all that
    differs.
    """
    return up_to_f6("lenet5-plain", paper).full("output", 10).network()
