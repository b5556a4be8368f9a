"""The training of one replicate, pass by pass: Section III-B, p. 10, with Appendix C."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replication.errors import Diverged
from replication.learning import checkpoints
from replication.learning.checkpoints import Progress
from replication.learning.engine import Engine
from replication.learning.monitor import Monitor
from replication.learning.optimisers.catalogue import optimiser
from replication.learning.optimisers.contract import Situation
from replication.learning.presentations import Pool, presented
from replication.learning.streams import generator
from replication.networks.initialisation import initial_parameters
from replication.networks.specification import Network
from replication.settings import Recipe

Penalties = NDArray[np.floating]


class Trainer:
    """Trains one replicate and keeps a checkpoint after each pass."""

    def __init__(
        self,
        recipe: Recipe,
        replicate: int,
        engine: Engine,
        pool: Pool,
        test: tuple[NDArray[np.uint8], NDArray[np.uint8]],
        checkpoint: Path,
    ) -> None:
        """``test`` are the images and labels that count the misses after each pass."""
        self._recipe = recipe
        self._replicate = replicate
        self._engine = engine
        self._pool = pool
        self._test_images, self._test_labels = test
        self._checkpoint = checkpoint
        self._optimiser = optimiser(recipe)
        self._penalties: Penalties | None = None

    def run(self, monitor: Monitor) -> Progress:
        """Go on from the last whole pass to the end of the last.

        Raises Stopped when ``monitor`` asks for it, and ReplicationError when the training
        diverges; in both cases the passes done so far are kept.
        """
        network = self._engine.network
        progress = checkpoints.read(self._checkpoint, network.parameters)
        if progress is None:
            progress = Progress(first_parameters(network, self._recipe, self._replicate), [])
        else:
            self._optimiser.restore(progress.state)
        for turn in range(progress.passes, self._recipe.passes):
            row = self._pass(turn, progress.parameters, monitor)
            progress.history.append(row)
            progress.state = self._optimiser.state()
            checkpoints.write(self._checkpoint, progress)
            monitor.line(
                f"pass {turn + 1} of {self._recipe.passes}, "
                f"{int(row['training_misses'])} of {int(row['training_presentations'])} missed "
                f"in training, {int(row['test_misses'])} of {len(self._test_labels)} in test"
            )
        return progress

    def penalties(self, progress: Progress) -> Penalties:
        """Those of the test patterns after the last pass, (patterns, classes)."""
        if self._penalties is None:
            self._penalties = self._engine.penalties(progress.parameters, self._test_images)
        return self._penalties

    def _pass(
        self, turn: int, parameters: NDArray[np.float32], monitor: Monitor
    ) -> dict[str, float]:
        recipe, engine, pool = self._recipe, self._engine, self._pool
        situation = Situation(engine, pool, recipe, self._replicate, turn, parameters)
        steps = self._optimiser.steps(situation)
        before = turn * recipe.presentations_per_pass
        batch = pool.show(presented(recipe, self._replicate, pool.size, turn))
        misses, losses, failed = engine.train(
            parameters, steps, *batch, watch=lambda shown: monitor.presented(before + shown)
        )
        if failed >= 0:
            image = batch.images[batch.order[failed]]
            raise self._diverged(turn, failed, parameters, image, monitor)
        self._penalties = engine.penalties(parameters, self._test_images)
        missed = self._penalties.argmin(axis=1) != self._test_labels
        return {
            "pass": turn + 1,
            "learning_rate": situation.learning_rate,
            "training_presentations": len(batch.order),
            "training_misses": misses,
            "test_misses": int(missed.sum()),
            "mean_criterion": losses / len(batch.order),
            **ranges(engine.network, steps),
        }

    def _diverged(
        self,
        turn: int,
        failed: int,
        parameters: NDArray[np.float32],
        image: NDArray[np.uint8],
        monitor: Monitor,
    ) -> Diverged:
        layer = self._engine.first_unsound_layer(parameters, image)
        kept = f"pass {turn} is kept in {self._checkpoint}" if turn else "no pass was whole"
        return Diverged(
            f"{monitor.name} diverged in pass {turn + 1} at pattern {failed + 1}, first in layer "
            f"{layer}, whose values are not finite any more ({kept}): lower its learning_rates or "
            "raise sdlm.mu in params.yaml"
        )


def first_parameters(network: Network, recipe: Recipe, replicate: int) -> NDArray[np.float32]:
    """The parameters that a replicate begins with."""
    return initial_parameters(network, recipe, generator(recipe, replicate, "initialisation"))


def ranges(network: Network, steps: NDArray[np.float32]) -> dict[str, float]:
    """Least and greatest step of each layer: ``step_C1_min``, ``step_C1_max``, ..."""
    result = {}
    for layer in network.trainable:
        some = steps[layer.offset : layer.end]
        result[f"step_{layer.name}_min"] = float(some.min())
        result[f"step_{layer.name}_max"] = float(some.max())
    return result
