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

Weights are three vectors. There is no history: no pass of any of the three ends with the answers.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.core.learning.engine import Engine
from replication.core.learning.monitor import Monitor
from replication.core.learning.presentations import DistortedPool, OriginalPool, Pool
from replication.core.learning.streams import generator
from replication.core.learning.trainer import Trainer
from replication.core.networks.specification import Network
from replication.core.settings import Amount, Combined, Count, Recipe, Section, options
from replication.core.systems.contract import Cost, Fitted, Task, answers_of
from replication.core.systems.network import NetworkSystem
from replication.errors import ReplicationError

# Raised when the golden answers change, and only then (see CONTRIBUTING.md).
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
    """How the later networks are taught, and when they are called.

    ``patterns`` are filtered at most, out of ``candidates``, for each of the two;
    ``lost_percent`` of the training patterns may be lost by not calling them.
    """

    patterns: Count
    candidates: Count
    lost_percent: Amount


class Candidates(NamedTuple):
    """Originals and new distorted versions, and the order in which they are gone through."""

    pool: Pool
    order: Numbers

    def sift(self, doubt: Doubt, wanted: int, monitor: Monitor) -> tuple[Numbers, Numbers]:
        """The numbers of the first ``wanted`` where ``doubt`` holds, and of those passed over.

        Both in the order of the candidates; fewer where there are no more.
        """
        kept: list[Numbers] = []
        passed: list[Numbers] = []
        missing = wanted
        for start in range(0, len(self.order), _CHUNK):
            monitor.check()
            numbers = self.order[start : start + _CHUNK]
            batch = self.pool.show(numbers)
            holds = doubt(batch.images, batch.labels)
            kept.append(numbers[holds][:missing])
            passed.append(numbers[~holds])
            missing -= len(kept[-1])
            if not missing:
                break
        return np.concatenate(kept), np.concatenate(passed)

    def drawn(self, numbers: Numbers, what: str) -> OriginalPool:
        """The patterns ``numbers``, drawn once, 1 kB each; ``what`` says why there may be none."""
        if not len(numbers):
            raise ReplicationError(
                f"the first of the boosted networks never {what} of its candidates, so there is "
                "nothing to teach the next: raise options.candidates in params.yaml"
            )
        batch = self.pool.show(numbers)
        return OriginalPool(batch.images, batch.labels, len(numbers))


def candidates(
    images: Images, labels: Labels, recipe: Recipe, replicate: int, count: int, field: int
) -> Candidates:
    """``count`` patterns: originals and distorted versions, as many of each as that takes.

    ``field`` is the side of the network's input in pixels. All come from the stream of the
    distortions of ``recipe``.
    """
    originals = recipe.training_patterns
    copies = max(1, -(-count // originals) - 1)
    distortions = recipe.distortions.model_copy(update={"copies": copies})
    draw = generator(recipe, replicate, "distortions")
    pool = DistortedPool(images, labels, originals, distortions, draw, field)
    return Candidates(pool, draw.permutation(pool.size)[:count])


def half_right(among: Candidates, first: Answering, wanted: int, monitor: Monitor) -> OriginalPool:
    """At most ``wanted`` patterns of which ``first`` gets half right: for the second network."""

    def wrong(images: Images, labels: Labels) -> NDArray[np.bool_]:
        return np.asarray(first(images).argmin(axis=1) != labels)

    missed, right = among.sift(wrong, max(1, wanted // 2), monitor)
    half = min(len(missed), len(right))
    return among.drawn(np.concatenate([missed[:half], right[:half]]), "misses any")


def in_dispute(
    among: Candidates, first: Answering, second: Answering, wanted: int, monitor: Monitor
) -> OriginalPool:
    """At most ``wanted`` patterns on which the two disagree: for the third network."""

    def disputed(images: Images, _: Labels) -> NDArray[np.bool_]:
        return np.asarray(first(images).argmin(axis=1) != second(images).argmin(axis=1))

    kept, _ = among.sift(disputed, wanted, monitor)
    return among.drawn(kept, "disagrees with the second on any")


def bar(first: Penalties, together: Penalties, labels: Labels, lost_percent: float) -> float:
    """The margin of the first network above which it is confident.

    From the penalties (n, classes) of training patterns: the least margin such that no more than
    ``lost_percent`` percent of the patterns are surer, missed by the first, and right by all three.
    """
    alone = answers_of(first)
    lost = (alone.classes != labels) & (together.argmin(axis=1) == labels)
    surest_first = np.sort(alone.margins[lost])[::-1]
    allowed = int(len(labels) * lost_percent / 100.0)
    # A margin is never below 0, so with -1 the others are never called.
    return float(surest_first[allowed]) if len(surest_first) > allowed else -1.0


class Committee(NamedTuple):
    """Three trained networks that answer together, and the first's ``bar`` of confidence."""

    networks: tuple[Answering, Answering, Answering]
    bar: float

    def answer(self, images: Images) -> tuple[Penalties, float]:
        """Penalties (n, classes), and how many networks were called for a pattern on average.

        The three networks' penalties, minus their outputs, are added. Those of the first count
        three times where it alone was called, so that margins mean the same for all patterns.
        """
        first, second, third = self.networks
        alone = first(images)
        penalties = NETWORKS * alone
        unsure = answers_of(alone).margins <= self.bar
        asked = images[unsure]
        penalties[unsure] = alone[unsure] + second(asked) + third(asked)
        return penalties, 1.0 + (NETWORKS - 1) * float(unsure.mean())


class System(NetworkSystem):
    """Three networks of one kind; the first is trained as that network is alone."""

    def __init__(self, experiment: str, recipe: Combined, network: Network) -> None:
        """Raises ReplicationError for options that cannot be, and without distorted patterns."""
        super().__init__(network, recipe.recipe())
        self._options = options(Options, recipe.options, "experiments", experiment, "options")
        if not recipe.distorted:
            raise ReplicationError(
                "params.yaml: a network errs too rarely on its own training patterns to be "
                "boosted with them: set distorted to true"
            )

    def fit(self, task: Task, monitor: Monitor) -> Fitted:
        """Train one after the other, each from its own checkpoint where there is one.

        What is filtered is found again after an interruption: it follows from the networks that
        are finished.
        """
        paths = [
            task.checkpoint.with_stem(f"{task.checkpoint.stem}-{number + 1}")
            for number in range(NETWORKS)
        ]
        database = task.database
        fitted = super().fit(task._replace(checkpoint=paths[0]), monitor)
        weights = [fitted.weights["parameters"]]
        doubts: list[str] = []
        for path in paths[1:]:
            before = [self._answering(task, parameters) for parameters in weights]
            parameters, doubt = self._later(task, path, before, monitor)
            weights.append(parameters)
            doubts.append(doubt)
        first, second, third = (self._answering(task, parameters) for parameters in weights)
        nets = (first, second, third)
        committee = Committee(nets, self._bar(nets, task))
        penalties, called = committee.answer(database.test_images)
        answers = answers_of(penalties)
        wrong = int((answers.classes != database.test_labels).sum())
        monitor.line(f"{called:.2f} networks called, {wrong} of {len(penalties)} missed in test")
        return replace(
            fitted,
            answers=answers,
            cost=Cost(called * self._network.connections / 1e3, NETWORKS * fitted.parameters / 1e3),
            history=pd.DataFrame(),
            weights=dict(zip(("first", "second", "third"), weights, strict=True)),
            parameters=NETWORKS * fitted.parameters,
            presentations=NETWORKS * fitted.presentations,
            evidence={
                **fitted.evidence,
                "second_taught_missed": doubts[0],
                "third_taught_disputed": doubts[1],
            },
        )

    def _engine(self, task: Task) -> Engine:
        return Engine(self._network, self._recipe.rules, task.levels)

    def _answering(self, task: Task, parameters: NDArray[np.float32]) -> Answering:
        engine = self._engine(task)
        return lambda images: engine.penalties(parameters, images)

    def _later(
        self, task: Task, checkpoint: Path, before: Sequence[Answering], monitor: Monitor
    ) -> tuple[NDArray[np.float32], str]:
        """The parameters of the network that is taught by those ``before``.

        And, for the record, the share of its patterns that the first misses or that are in dispute.
        """
        recipe, wanted = later(self._recipe, len(before)), self._options.patterns
        database, field = task.database, self._network.field
        images, labels = database.train_images, database.train_labels
        count = self._options.candidates
        among = candidates(images, labels, recipe, task.replicate, count, field)
        if len(before) == 1:
            pool = half_right(among, before[0], wanted, monitor)
        else:
            pool = in_dispute(among, before[0], before[1], wanted, monitor)
        monitor.line(f"network {len(before) + 1} learns from {pool.size} filtered patterns")
        test = (database.test_images, database.test_labels)
        trainer = Trainer(recipe, task.replicate, self._engine(task), pool, test, checkpoint)
        parameters = trainer.run(monitor).parameters
        taught = pool.show(np.arange(pool.size))
        given = [net(taught.images).argmin(axis=1) for net in before]
        doubt = given[0] != (given[1] if len(given) > 1 else taught.labels)
        return parameters, f"{doubt.mean():.4f}"

    def _bar(self, nets: tuple[Answering, Answering, Answering], task: Task) -> float:
        count = self._recipe.training_patterns
        first, second, third = (net(task.database.train_images[:count]) for net in nets)
        labels = task.database.train_labels[:count]
        return bar(first, first + second + third, labels, self._options.lost_percent)


def later(recipe: Recipe, number: int) -> Recipe:
    """The recipe of a later network, ``number`` 1 or 2: as the first's, with a seed of its own."""
    key = (zlib.crc32(b"boosted"), number)
    seed = np.random.SeedSequence(recipe.seed, spawn_key=key).generate_state(1)[0]
    return recipe.model_copy(update={"seed": int(seed)})
