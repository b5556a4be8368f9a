"""The committed networks as torch modules, for programs of one's own: ``replication.load``.

    from replication import load
    network = load(replicate=0)
    network.classify(images).classes

Weights come from ``weights.safetensors``, which holds numbers alone: nothing in it is executed. The
arithmetic is that of the torch reference, which `verify` recomputes the committed answers with.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from replication.comparison import paper
from replication.comparison.evaluation.errors import target_percent, threshold
from replication.comparison.evaluation.recomputed import BATCH, RecordedNetwork
from replication.core.mnist import databases
from replication.core.networks.specification import Kind, Layer
from replication.core.runs import ANSWERS, RECORD, Run
from replication.core.systems.contract import answers_from_penalties
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.reading import quote

# Systems of a single network, which answers by itself.
ANSWERS_ALONE = ("network", "noisy")


class Classified(NamedTuple):
    """The answers to n patterns.

    Attributes:
        classes: uint8 (n,), the class of least penalty.
        margins: float32 (n,), by how much the second least penalty is greater, 0 or more.
        rejected: bool (n,), whether the margin is no more than that which leaves Figure 10's error
            (p. 13) among the accepted test patterns; None without the answers beside the weights.
    """

    classes: NDArray[np.uint8]
    margins: NDArray[np.float32]
    rejected: NDArray[np.bool_] | None


class TrainedNetwork(nn.Module):
    """A network of the paper with the weights of a replicate: Section II-B, pp. 7-8.

    ``state_dict`` has for each layer with parameters ``<layer>.weight`` and ``<layer>.bias``
    (maps,): of a convolution or full layer (maps, inputs, side, side), with zeros where Table I
    (p. 8) has no connection; of a sub-sampling layer (maps,), the coefficients. Trained further by
    torch, the zeros stay as they are, since `forward` does not read them. ``codes`` (10, 84) are
    those of the classes (Figure 3, p. 8), of a network that has any.
    """

    def __init__(self, run: Run, network: RecordedNetwork, limit: float | None) -> None:
        """Read the weights of ``run``, whose record describes ``network``.

        ``limit`` is the greatest margin that is rejected. Raises ReplicationError for weights that
        are missing, damaged or of another network.
        """
        super().__init__()
        self.limit = limit
        self._reference, self._table = network.reference, network.table
        self._field, self.database = network.network.field, network.database
        vector = torch.from_numpy(run.weights(network.network.parameters))
        for layer in self._reference.network.trainable:
            part = nn.Module()
            own = vector[layer.offset : layer.end]
            weights = own[: layer.weights]
            if layer.kind is not Kind.SUBSAMPLING:
                weights = self._reference.spread_weights(layer, weights)
            part.weight = nn.Parameter(weights.clone())
            part.bias = nn.Parameter(own[layer.weights :].clone())
            self.add_module(layer.name, part)
        if self._reference.network.codes.size:
            codes = self._reference.network.codes
            self.register_buffer("codes", torch.from_numpy(codes.copy()))

    def _gather(self, layer: Layer) -> Tensor:
        """Return the layer's parameters as the reference has them."""
        part = self.get_submodule(layer.name)
        weights = self._reference.gather_weights(layer, part.get_parameter("weight"))
        return torch.cat([weights, part.get_parameter("bias")])

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the penalties float32 (n, 10) of inputs float32 (n, 1, 32, 32).

        Inputs are as `to_field` makes them. The penalty of a class is the distance of equation 7
        (p. 8) to its code, times the ``distance`` of the settings; the least is the answer.
        """
        trainable = self._reference.network.trainable
        vector = torch.cat([self._gather(layer) for layer in trainable])
        return self._reference.penalties(vector, inputs)[:, :, 0, 0]

    def to_field(self, images: NDArray[np.uint8]) -> Tensor:
        """Return inputs float32 (n, 1, 32, 32) of images uint8 (n, height, width), as MNIST's.

        Grey levels run from 0, paper, to 255, ink; images of at most 32x32 pixels are centred in
        the field (p. 7). Raises ReplicationError for any other array.
        """
        if not (isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.ndim == 3):
            kind = getattr(images, "dtype", type(images).__name__)
            raise ReplicationError(
                f"images are {kind} of shape {getattr(images, 'shape', '?')}: give an array uint8 "
                "(number, height, width) with 0 for paper and 255 for ink"
            )
        return torch.from_numpy(databases.make_inputs(images, self._field, self._table)[:, None])

    def penalties(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the penalties (n, 10) of images as `to_field` takes them; raises as it does."""
        with torch.no_grad():
            parts = [self(self.to_field(images[start : start + BATCH])).numpy()
                     for start in range(0, max(len(images), 1), BATCH)]  # fmt: skip
        return np.concatenate(parts)

    def classify(self, images: NDArray[np.uint8]) -> Classified:
        """Answer images as `to_field` takes them, with rejection (Section III-D, p. 12)."""
        answers = answers_from_penalties(self.penalties(images))
        rejected = None if self.limit is None else answers.margins <= self.limit
        return Classified(answers.classes, answers.margins, rejected)


def load(
    replicate: int = 0, experiment: str = "lenet5", root: Path | None = None
) -> TrainedNetwork:
    """Return a committed network, ready to answer, on the CPU and in float32.

    ``root`` is the folder of the clone; without it that in which this package lies, or else the
    folder of the call. Raises ReplicationError for an experiment or replicate without weights, for
    a damaged file, and for a system that does not answer by one network's output layer.
    """
    if root is None:
        package = Path(__file__).resolve().parents[2]
        root = package if (package / "results").is_dir() else Path()
    folders = Folders.below(root)
    run = Run(folders.runs / experiment / str(replicate))
    if not run.has(RECORD):
        raise ReplicationError(
            f"{run.folder} has no run: name an experiment and a replicate of {folders.runs}, or "
            "the folder of the clone as root"
        )
    settings, published = run.record["settings"], paper.load(folders.paper)
    if settings.get("system") not in ANSWERS_ALONE:
        raise ReplicationError(
            f"{run.folder} is of the system {quote(settings.get('system'))}, which does not answer "
            "by one network's output layer: name another experiment"
        )
    network = RecordedNetwork(settings, published, run.path(RECORD))
    return TrainedNetwork(run, network, find_threshold(run, folders, target_percent(published)))


def find_threshold(run: Run, folders: Folders, target: float) -> float | None:
    """Return the greatest margin to be rejected for ``target`` percent of error among the accepted.

    None for a run without answers. Raises ReplicationError for those to another number of patterns.
    """
    if not run.has(ANSWERS):
        return None
    labels = databases.load(folders.raw, folders.prepared, "regular").test_labels
    if run.answers.classes.shape != labels.shape:
        raise ReplicationError(
            f"{run.path(ANSWERS)} has answers for {len(run.answers.classes)} patterns but the "
            f"test set has {len(labels)}: restore it from the repository"
        )
    return threshold(run.answers, labels, target)
