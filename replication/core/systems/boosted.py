"""Three networks, each later one taught where the earlier ones are in doubt: III-C.9, pp. 13-14.

The first is trained as it is alone, with distorted patterns. The second learns from new distorted
patterns of which the first gets half right, the third from new ones on which the first two
disagree. Their outputs are added; where the first is confident the others are not called.

The paper leaves open how many patterns are filtered out of how many, and what confident means:

* For each later network as many originals and new distorted versions of the training patterns are
  gone through as ``candidates`` says, in random order, until ``patterns`` are found; where the
  earlier networks err too rarely, what was found has to do. Either way there are as many
  presentations as for the first network, the filtered patterns gone through again and again.
* The first network is confident above the least margin at which, of the training patterns, no more
  than ``lost_percent`` percent are missed that all three together get right.

There is no history: no pass of any of the three ends with the answers.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.core.learning.monitor import Monitor
from replication.core.learning.presentations import DistortedPool, OriginalPool, Pool, generator
from replication.core.learning.trainer import Trainer
from replication.core.settings import Amount, Count, Recipe, Section
from replication.core.systems.contract import Cost, Fitted, Task, answers_from_penalties
from replication.core.systems.network import System as NetworkSystem
from replication.errors import ReplicationError

VERSION = 1

NETWORKS = 3
# Candidates drawn and answered at a time: 5 MB.
_CHUNK = 5000

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]
Numbers = NDArray[np.int64]
Penalties = NDArray[np.floating]
# Penalties (n, classes) of uint8 images (n, height, width): one trained network.
Answering = Callable[[Images], Penalties]
Doubt = Callable[[Images, Labels], NDArray[np.bool_]]


class Options(Section):
    """How the later networks are taught, and when they are called."""

    patterns: Count  # filtered for each of the two, at most
    candidates: Count  # that they are filtered out of
    lost_percent: Amount  # of the training patterns, by not calling the later networks


class Candidates(NamedTuple):
    """Originals and new distorted versions, and the order in which they are gone through."""

    pool: Pool
    order: Numbers

    def sift(self, doubt: Doubt, count: int, monitor: Monitor) -> tuple[Numbers, Numbers]:
        """Return the first ``count`` numbers where ``doubt`` holds, and those passed over."""
        doubtful: list[Numbers] = []
        passed: list[Numbers] = []
        for start in range(0, len(self.order), _CHUNK):
            monitor.check()
            numbers = self.order[start : start + _CHUNK]
            batch = self.pool.show(numbers)
            holds = doubt(batch.images, batch.labels)
            doubtful.append(numbers[holds][:count])
            passed.append(numbers[~holds])
            count -= len(doubtful[-1])
            if not count:
                break
        return np.concatenate(doubtful), np.concatenate(passed)

    def draw(self, numbers: Numbers, failure: str) -> OriginalPool:
        """Draw the patterns ``numbers`` once, 1 kB each; ``failure`` says why there are none."""
        if not len(numbers):
            raise ReplicationError(
                f"the first of the boosted networks never {failure} of its candidates, so there is "
                "nothing to teach the next: raise options.candidates in params.yaml"
            )
        batch = self.pool.show(numbers)
        return OriginalPool(batch.images, batch.labels, len(numbers))


def draw_candidates(
    images: Images, labels: Labels, recipe: Recipe, replicate: int, count: int, field: int
) -> Candidates:
    """Draw ``count`` patterns from the stream of the distortions: originals and distorted versions.

    As many of each as that takes; ``field`` is the side of the network's input in pixels.
    """
    originals = recipe.training_patterns
    copies = max(1, -(-count // originals) - 1)
    distortions = recipe.distortions.model_copy(update={"copies": copies})
    draw = generator(recipe, replicate, "distortions")
    pool = DistortedPool(images, labels, originals, distortions, draw, field)
    return Candidates(pool, draw.permutation(pool.size)[:count])


def select_half_right(
    among: Candidates, first: Answering, count: int, monitor: Monitor
) -> OriginalPool:
    """Select at most ``count`` patterns, half of which ``first`` gets right: for the second."""

    def misses(images: Images, labels: Labels) -> NDArray[np.bool_]:
        return np.asarray(first(images).argmin(axis=1) != labels)

    missed, right = among.sift(misses, max(1, count // 2), monitor)
    half = min(len(missed), len(right))
    return among.draw(np.concatenate([missed[:half], right[:half]]), "misses any")


def select_disputed(
    among: Candidates, first: Answering, second: Answering, count: int, monitor: Monitor
) -> OriginalPool:
    """Select at most ``count`` patterns on which the two disagree: for the third network."""

    def disagree(images: Images, _: Labels) -> NDArray[np.bool_]:
        return np.asarray(first(images).argmin(axis=1) != second(images).argmin(axis=1))

    return among.draw(among.sift(disagree, count, monitor)[0], "disagrees with the second on any")


def confidence_threshold(
    first: Penalties, together: Penalties, labels: Labels, lost_percent: float
) -> float:
    """Return the margin of the first network above which it is confident.

    From the penalties (n, classes) of training patterns: the least margin such that no more than
    ``lost_percent`` percent of the patterns are surer, missed by the first, and right by all three.
    """
    alone = answers_from_penalties(first)
    lost = (alone.classes != labels) & (together.argmin(axis=1) == labels)
    surest_first = np.sort(alone.margins[lost])[::-1]
    allowed = int(len(labels) * lost_percent / 100.0)
    # A margin is never below 0, so with -1 the others are never called.
    return float(surest_first[allowed]) if len(surest_first) > allowed else -1.0


class Committee(NamedTuple):
    """Three trained networks that answer together, and the first's ``threshold`` of confidence."""

    networks: tuple[Answering, Answering, Answering]
    threshold: float

    def answer(self, images: Images) -> tuple[Penalties, float]:
        """Return penalties (n, classes), and how many networks were called on average.

        The three networks' penalties are added. Those of the first count three times where it alone
        was called, so that margins mean the same for all patterns.
        """
        first, second, third = self.networks
        alone = first(images)
        penalties = NETWORKS * alone
        unsure = answers_from_penalties(alone).margins <= self.threshold
        asked = images[unsure]
        penalties[unsure] = alone[unsure] + second(asked) + third(asked)
        return penalties, 1.0 + (NETWORKS - 1) * float(unsure.mean())


class System(NetworkSystem[Options]):
    """Three networks of one kind; the first is trained as that network is alone."""

    def fit(self, task: Task, monitor: Monitor) -> Fitted:
        """Train one after the other, each from its own checkpoint where there is one.

        Patterns are filtered again after an interruption: they follow from the finished networks.
        """
        paths = [
            task.checkpoint.with_stem(f"{task.checkpoint.stem}-{number + 1}")
            for number in range(NETWORKS)
        ]
        fitted = super().fit(task._replace(checkpoint=paths[0]), monitor)
        weights = [fitted.weights["parameters"]]
        networks, doubts = [self._answering(task, weights[0])], []
        for path in paths[1:]:
            parameters, doubt = self._train_later(task, path, networks, monitor)
            weights.append(parameters)
            networks.append(self._answering(task, parameters))
            doubts.append(f"{doubt:.4f}")
        first, second, third = networks
        committee = Committee((first, second, third), self._threshold(networks, task))
        penalties, called = committee.answer(task.database.test_images)
        taught = dict(zip(("second_taught_missed", "third_taught_disputed"), doubts, strict=True))
        return replace(
            fitted,
            answers=task.answer(penalties, monitor, f"{called:.2f} networks called"),
            cost=Cost(called * self._network.connections / 1e3, NETWORKS * fitted.parameters / 1e3),
            history=pd.DataFrame(),
            weights=dict(zip(("first", "second", "third"), weights, strict=True)),
            parameters=NETWORKS * fitted.parameters,
            presentations=NETWORKS * fitted.presentations,
            evidence={**fitted.evidence, **taught},
        )

    def _answering(self, task: Task, parameters: NDArray[np.float32]) -> Answering:
        return partial(self._engine(task).penalties, parameters)

    def _train_later(
        self, task: Task, checkpoint: Path, before: Sequence[Answering], monitor: Monitor
    ) -> tuple[NDArray[np.float32], float]:
        """Return the parameters of the network that is taught by those ``before``.

        And, for the record, the share of its patterns that the first misses or that are in dispute.
        """
        recipe, count = later_recipe(self._recipe, len(before)), self.chosen.patterns
        database = task.database
        among = draw_candidates(
            database.train_images, database.train_labels, recipe, task.replicate,
            self.chosen.candidates, self._network.field,
        )  # fmt: skip
        if len(before) == 1:
            pool = select_half_right(among, before[0], count, monitor)
        else:
            pool = select_disputed(among, before[0], before[1], count, monitor)
        monitor.line(f"network {len(before) + 1} learns from {pool.size} filtered patterns")
        test = (database.test_images, database.test_labels)
        trainer = Trainer(recipe, task.replicate, self._engine(task), pool, test, checkpoint)
        parameters = trainer.run(monitor).parameters
        taught = pool.show(np.arange(pool.size))
        given = [network(taught.images).argmin(axis=1) for network in before]
        return parameters, float((given[0] != [*given, taught.labels][1]).mean())

    def _threshold(self, networks: Sequence[Answering], task: Task) -> float:
        count = self._recipe.training_patterns
        first, second, third = (net(task.database.train_images[:count]) for net in networks)
        labels = task.database.train_labels[:count]
        together = first + second + third
        return confidence_threshold(first, together, labels, self.chosen.lost_percent)


def later_recipe(recipe: Recipe, number: int) -> Recipe:
    """Return the recipe of a later network, 1 or 2: as the first's, with a seed of its own."""
    key = (zlib.crc32(b"boosted"), number)
    seed = np.random.SeedSequence(recipe.seed, spawn_key=key).generate_state(1)[0]
    return recipe.model_copy(update={"seed": int(seed)})
