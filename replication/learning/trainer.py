"""The training of one replicate, pass by pass: Section III-B, p. 10, with Appendix C."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replication.errors import Diverged
from replication.learning import checkpoints, sdlm
from replication.learning.checkpoints import Progress
from replication.learning.engine import Engine
from replication.learning.monitor import Monitor
from replication.learning.presentations import Pool, hessian_patterns, presented
from replication.learning.streams import generator
from replication.networks.initialisation import initial_parameters
from replication.settings import Recipe


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

    def run(self, monitor: Monitor) -> Progress:
        """Go on from the last whole pass to the end of the last.

        Raises Stopped when ``monitor`` asks for it, and ReplicationError when the training
        diverges; in both cases the passes done so far are kept.
        """
        network = self._engine.network
        progress = checkpoints.read(self._checkpoint, network.parameters)
        if progress is None:
            draw = generator(self._recipe, self._replicate, "initialisation")
            progress = Progress(initial_parameters(network, self._recipe, draw), [])
        done = progress.passes
        monitor.signals[0] = done * self._recipe.presentations_per_pass
        for turn in range(done, self._recipe.passes):
            row = self._pass(turn, progress.parameters, monitor)
            progress.history.append(row)
            checkpoints.write(self._checkpoint, progress)
            monitor.line(
                f"pass {turn + 1} of {self._recipe.passes}, "
                f"{int(row['training_misses'])} of {int(row['training_presentations'])} missed "
                f"in training, {int(row['test_misses'])} of {len(self._test_labels)} in test"
            )
        return progress

    def _pass(
        self, turn: int, parameters: NDArray[np.float32], monitor: Monitor
    ) -> dict[str, float]:
        recipe, engine, pool = self._recipe, self._engine, self._pool
        sample = pool.show(hessian_patterns(recipe, self._replicate, pool.size, turn))
        curvatures = engine.curvature(parameters, sample.images, sample.order)
        rate = recipe.learning_rates[turn]
        steps = sdlm.step_sizes(curvatures, rate, recipe.sdlm.mu)
        batch = pool.show(presented(recipe, self._replicate, pool.size, turn))
        misses, total, failed = engine.train(parameters, steps, *batch, monitor.signals)
        monitor.check()
        if failed >= 0:
            image = batch.images[batch.order[failed]]
            raise self._diverged(turn, failed, parameters, image, monitor)
        answers = engine.penalties(parameters, self._test_images).argmin(axis=1)
        return {
            "pass": turn + 1,
            "learning_rate": rate,
            "training_presentations": len(batch.order),
            "training_misses": misses,
            "test_misses": int((answers != self._test_labels).sum()),
            "mean_criterion": total / len(batch.order),
            **sdlm.ranges(engine.network, steps),
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
