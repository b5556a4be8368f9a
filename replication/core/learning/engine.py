"""One network made ready for the kernels: the only way from numpy to compiled code."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.core.arithmetic.elementary import exponential
from replication.core.learning.identity import sha256
from replication.core.learning.kernels import criterion, ink
from replication.core.learning.kernels import network as kernels
from replication.core.learning.kernels.layout import CONVOLUTION, Levels, aligned, plan
from replication.core.networks.specification import Network
from replication.core.settings import Rules, Sdlm
from replication.errors import ReplicationError

# Presentations between two looks at whether to stop: some 20 milliseconds of LeNet-5.
AT_ONCE = 500

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]
Parameters = NDArray[np.floating]


class Presented(NamedTuple):
    """The results of presenting patterns, apart from the weights."""

    misses: int  # how many patterns were answered wrongly, each before its update
    losses: float  # the sum of their losses
    failed: int  # the number of the presentation whose loss was not finite any more, or -1
    # `identity.sha256` of the weights, in the network's order, at each of the ``marks`` that was
    # reached
    hashes: tuple[str, ...] = ()


class Engine:
    """Runs a network's kernels on images of grey levels, with working memory of its own.

    Not to be shared between threads. ``dtype`` is float32 in training, float64 in tests. What
    float32 gives is the same bytes on every processor.
    """

    def __init__(
        self, network: Network, rules: Rules, levels: NDArray[np.floating],
        dtype: type[np.floating] = np.float32,
    ) -> None:  # fmt: skip
        """``levels`` (256,) gives the input for each grey level."""
        self.network = network
        self._plan = plan(network, dtype)
        self._training = ink.training_plan(self._plan)
        self._memory = kernels.memory(self._plan)
        self._levels = _affine(levels, dtype)
        chosen = rules.criterion
        self._rules = kernels.Rules(
            dtype(rules.squashing.amplitude),
            dtype(rules.squashing.slope),
            dtype(rules.subsampling.share),
            criterion.Criterion(
                criterion.KINDS[chosen.name],
                dtype(chosen.distance),
                float(exponential(-chosen.j)),
                dtype(chosen.divisor),
                self._plan.codes,
            ),
        )

    def train(
        self, parameters: Parameters, steps: Parameters, images: Images, labels: Labels,
        order: NDArray[np.int64], watch: Callable[[int], None] | None = None,
        marks: Sequence[int] = (),
    ) -> Presented:  # fmt: skip
        """Present ``images[order]`` one by one, updating ``parameters`` in place after each.

        ``watch`` is told now and then how many have been presented; what it raises ends the pass,
        and then ``parameters`` are as before. ``marks`` are ascending numbers of presentations, 1
        or more, after which the weights are hashed; no weight depends on where they are.
        """
        weights, scale = self._laid_out(parameters), self._laid_out(steps)
        ink.begin(self._training, weights, scale, self._memory.ink)
        misses, losses, start = 0, 0.0, 0
        hashes: list[str] = []
        for end in sorted({*range(AT_ONCE, len(order), AT_ONCE), *marks, len(order)}):
            found = kernels.train(
                self._training, self._rules, weights, scale, images, labels, order[start:end],
                self._levels, self._memory,
            )  # fmt: skip
            misses += int(found[0])
            losses += float(found[1])
            if found[2] >= 0:
                parameters[:] = self._after_training(weights)
                return Presented(misses, losses, start + int(found[2]), tuple(hashes))
            if end in marks:
                hashes.append(sha256(self._after_training(weights)))
            if watch is not None:
                watch(end)
            start = end
        parameters[:] = self._after_training(weights)
        return Presented(misses, losses, -1, tuple(hashes))

    def gradient(
        self, parameters: Parameters, image: Images, label: int
    ) -> tuple[float, Parameters]:
        """Return the loss of one pattern and its derivatives by ``parameters``."""
        loss, result = kernels.gradient(
            self._plan, self._rules, self._laid_out(parameters), image, label, self._levels,
            self._memory,
        )  # fmt: skip
        return float(loss), result[self._plan.places]

    def curvature(
        self, parameters: Parameters, images: Images, subset: NDArray[np.int64], chosen: Sdlm
    ) -> Parameters:
        """Estimate h_kk of every parameter on ``images[subset]`` (equations 25 to 27, p. 42).

        Of ``chosen`` count the curvature's start and that of the coefficients.
        """
        start = -1.0 if chosen.curvature_start == "exact" else float(chosen.curvature_start)
        result: Parameters = kernels.curvature(
            self._plan, self._rules, self._laid_out(parameters), images, subset, self._levels,
            self._memory, start, chosen.coefficient_curvature == "squares_summed",
        )  # fmt: skip
        return result[self._plan.places]

    def penalties(self, parameters: Parameters, images: Images) -> Parameters:
        """Return (patterns, classes): the lower the likelier; the least is the class given."""
        result = np.empty((images.shape[0], self._plan.classes), self._plan.codes.dtype)
        kernels.classify(
            self._plan, self._rules, self._laid_out(parameters), images, self._levels,
            self._memory, result,
        )  # fmt: skip
        return result

    def first_unsound_layer(self, parameters: Parameters, image: Images) -> str:
        """Return the name of the first layer whose parameters or outputs are not finite."""
        self.penalties(parameters, image[np.newaxis])
        for row, layer in zip(self._plan.layers[1:], self.network.trainable, strict=True):
            outputs = self._memory.values[row["start"] : row["start"] + row["maps"]]
            if not np.isfinite(parameters[layer.offset : layer.end]).all():
                return layer.name
            if row["kind"] != CONVOLUTION and not np.isfinite(outputs).all():
                return layer.name
        return self.network.layers[-1].name

    def _after_training(self, weights: Parameters) -> Parameters:
        """Return the network's parameters after the presentations so far; changes no parameter."""
        ink.read_out(self._training, self._memory.ink, weights)
        result: Parameters = weights[self._plan.places]
        return result

    def _laid_out(self, values: Parameters) -> Parameters:
        """Return a vector over the parameters as the kernels keep it."""
        result = aligned(self._plan.kept, self._plan.codes.dtype)
        result[self._plan.places] = values
        return result


def _affine(levels: NDArray[np.floating], dtype: type[np.floating]) -> Levels:
    """Return the line that ``levels`` lie on; raises ReplicationError when there is none."""
    background, foreground = float(levels[0]), float(levels[255])
    scale = (foreground - background) / 255.0
    away = np.abs(levels.astype(np.float64) - (background + scale * np.arange(256))).max()
    if not away <= 1e-6 * max(abs(background), abs(foreground)):
        raise ReplicationError(
            "the inputs for the 256 grey levels do not lie on a line: give the engine levels that "
            "databases.grey_levels makes from inputs.background and inputs.foreground"
        )
    return Levels(dtype(background), dtype(scale))
