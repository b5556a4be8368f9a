"""The training of one replicate, pass by pass: Section III-B, p. 10, with Appendix C."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replication.core.learning import checkpoints
from replication.core.learning.checkpoints import Progress
from replication.core.learning.engine import Engine
from replication.core.learning.identity import MARKS
from replication.core.learning.monitor import Monitor
from replication.core.learning.optimisers import Optimiser, Situation, load_optimiser
from replication.core.learning.presentations import Pool, generator, present_order
from replication.core.networks.specification import Kind, Layer, Network
from replication.core.settings import Recipe
from replication.errors import Diverged


@dataclass(frozen=True)
class Trainer:
    """Trains one replicate and keeps a checkpoint after each pass.

    ``test`` are the images and labels that count the misses after each pass.
    """

    recipe: Recipe
    replicate: int
    engine: Engine
    pool: Pool
    test: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    checkpoint: Path

    def run(self, monitor: Monitor) -> Progress:
        """Go on from the last whole pass to the end of the last, and classify the test patterns.

        Raises Stopped when ``monitor`` asks for it, and ReplicationError when the training
        diverges; in both cases the passes done so far are kept.
        """
        network, recipe = self.engine.network, self.recipe
        steps_of = load_optimiser(recipe)
        progress = checkpoints.read(self.checkpoint, network.parameters)
        if progress is None:
            progress = Progress(draw_first_parameters(network, recipe, self.replicate))
        for turn in range(progress.passes, recipe.passes):
            self._pass(turn, progress, steps_of, monitor)
            checkpoints.write(self.checkpoint, progress)
            monitor.passed(progress.history[-1], recipe.passes, len(self.test[1]))
        if not progress.penalties.size:  # it was interrupted after its last pass
            progress.penalties = self.engine.penalties(progress.parameters, self.test[0])
        return progress

    def begin(self, presentations: int = MARKS[-1]) -> Progress:
        """Train the first ``presentations`` alone, at most a pass, and keep nothing.

        Returns the weights after them and the hashes at the marks on the way: those of `run`.
        """
        recipe, network = self.recipe, self.engine.network
        progress = Progress(draw_first_parameters(network, recipe, self.replicate))
        steps = load_optimiser(recipe)(self._situation(0, progress))
        numbers = present_order(recipe, self.replicate, self.pool.size, 0)[:presentations]
        marks = [mark for mark in MARKS if mark <= len(numbers)]
        done = self.engine.train(progress.parameters, steps, *self.pool.show(numbers), marks=marks)
        progress.hashes |= dict(zip(marks, done.hashes, strict=False))
        return progress

    def _situation(self, turn: int, progress: Progress) -> Situation:
        return Situation(
            self.engine, self.pool, self.recipe, self.replicate, turn, progress.parameters,
            progress.state,
        )  # fmt: skip

    def _pass(self, turn: int, progress: Progress, steps_of: Optimiser, monitor: Monitor) -> None:
        recipe, engine, pool = self.recipe, self.engine, self.pool
        parameters, situation = progress.parameters, self._situation(turn, progress)
        steps = steps_of(situation)
        before = turn * recipe.presentations_per_pass
        batch = pool.show(present_order(recipe, self.replicate, pool.size, turn))
        length = len(batch.order)
        marks = sorted({length, *(mark - before for mark in MARKS if 0 < mark - before < length)})
        done = engine.train(
            parameters, steps, *batch, marks=marks,
            watch=lambda number: monitor.presented(before + number),
        )  # fmt: skip
        if done.failed >= 0:
            layer = engine.first_unsound_layer(parameters, batch.images[batch.order[done.failed]])
            rest = f"pass {turn} is kept in {self.checkpoint}" if turn else "no pass was whole"
            raise Diverged(
                f"{monitor.name} diverged in pass {turn + 1} at pattern {done.failed + 1}, first "
                f"in layer {layer}, whose values are not finite any more ({rest}): lower its "
                "learning_rates or raise sdlm.mu in params.yaml"
            )
        progress.hashes |= {
            before + mark: total for mark, total in zip(marks, done.hashes, strict=True)
        }
        images, labels = self.test
        progress.penalties = engine.penalties(parameters, images)
        missed = progress.penalties.argmin(axis=1) != labels
        row = {
            "pass": turn + 1,
            "learning_rate": situation.learning_rate,
            "training_presentations": length,
            "training_misses": done.misses,
            "test_misses": int(missed.sum()),
            "mean_criterion": done.losses / length,
            **step_ranges(engine.network, steps),
        }
        progress.history.append(row)


def draw_first_parameters(network: Network, recipe: Recipe, replicate: int) -> NDArray[np.float32]:
    """Draw the parameters that a replicate begins with."""
    return draw_initial_parameters(network, recipe, generator(recipe, replicate, "initialisation"))


def step_ranges(network: Network, steps: NDArray[np.float32]) -> dict[str, float]:
    """Return the least and greatest step of each layer: ``step_C1_min``, ``step_C1_max``, ..."""
    result = {}
    for layer in network.trainable:
        some = steps[layer.offset : layer.end]
        result[f"step_{layer.name}_min"] = float(some.min())
        result[f"step_{layer.name}_max"] = float(some.max())
    return result


def draw_initial_parameters(
    network: Network, recipe: Recipe, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Draw a parameter vector (network.parameters,): Appendix A, p. 41.

    Uniform between -r and r, r = range / F ** power, F the fan-in of the unit. Biases are drawn
    from the range of their unit's weights, or are zero; the coefficients of sub-sampling layers are
    drawn like weights, or are r itself.
    """
    rules = recipe.initialisation
    values = generator.uniform(-1.0, 1.0, network.parameters)
    for layer in network.trainable:
        biases = layer.offset + layer.weights
        reach = _reach(layer, recipe)
        values[layer.offset : biases] *= np.repeat(reach, layer.weights_per_map)
        values[biases : layer.end] *= 0.0 if rules.biases == "zero" else reach
        if layer.kind is Kind.SUBSAMPLING and rules.coefficients == "constant":
            values[layer.offset : biases] = reach
    return values.astype(np.float32)


def _reach(layer: Layer, recipe: Recipe) -> NDArray[np.float64]:
    """Return range / F ** power for each map of the layer.

    The power is taken in decimal arithmetic: one of floating-point numbers differs from one
    mathematical library to the next.
    """
    rules = recipe.initialisation
    maps = range(layer.outputs[0])
    fan_ins = [layer.fan_in(number, recipe.subsampling.fan_in) for number in maps]
    power = Decimal(repr(rules.power))
    roots = {fan_in: float(Decimal(fan_in) ** power) for fan_in in set(fan_ins)}
    return np.array([rules.range / roots[fan_in] for fan_in in fan_ins])
