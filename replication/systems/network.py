"""The networks trained by Appendix C: LeNet-1, LeNet-4, LeNet-5 and the perceptrons."""

from __future__ import annotations

from replication.errors import ReplicationError
from replication.learning.engine import Engine
from replication.learning.identity import sha256
from replication.learning.monitor import Monitor
from replication.learning.presentations import DistortedPool, OriginalPool, Pool, presented
from replication.learning.streams import generator
from replication.learning.trainer import Trainer, first_parameters
from replication.networks.specification import Network
from replication.settings import Recipe
from replication.systems.contract import Cost, Fitted, Task, answers_of


class NetworkSystem:
    """A network and the recipe it is trained by."""

    def __init__(self, network: Network, recipe: Recipe) -> None:
        """Raises ReplicationError when the criterion is not one for the network's outputs."""
        rbf = network.codes.size > 0
        if rbf == (recipe.criterion.name == "squared-error"):
            fitting = "mle or map" if rbf else "squared-error"
            raise ReplicationError(
                f"params.yaml: the criterion {recipe.criterion.name} does not fit the outputs of "
                f"{network.name}: set criterion.name to {fitting}"
            )
        self._network = network
        self._recipe = recipe

    def fit(self, task: Task, monitor: Monitor) -> Fitted:
        """Train pass by pass, going on from the checkpoint where there is one."""
        recipe, database = self._recipe, task.database
        trainer = self._trainer(task)
        progress = trainer.run(monitor)
        return Fitted(
            answers_of(trainer.engine.penalties(progress.parameters, database.test_images)),
            # Multiply-adds are the connections, as the paper counts them.
            Cost(self._network.connections / 1e3, self._network.parameters / 1e3),
            progress.table(),
            {"parameters": progress.parameters},
            self._network.parameters,
            recipe.passes * recipe.presentations_per_pass,
            {**self._evidence(task, trainer.pool.size), **progress.marks()},
        )

    def begin(self, task: Task) -> dict[str, str]:
        """Train the first presentations alone: the evidence of it that `fit` gives as well."""
        return self._trainer(task).begin().marks()

    def _trainer(self, task: Task) -> Trainer:
        """Raises ReplicationError where the database has too few patterns."""
        recipe, database = self._recipe, task.database
        available = len(database.train_images)
        if recipe.training_patterns > available:
            raise ReplicationError(
                f"params.yaml: experiments.{task.experiment}.training_patterns is "
                f"{recipe.training_patterns}, but the database has {available}: lower it"
            )
        engine = Engine(self._network, recipe.rules, task.levels)
        test = (database.test_images, database.test_labels)
        return Trainer(recipe, task.replicate, engine, self._pool(task), test, task.checkpoint)

    def _evidence(self, task: Task, patterns: int) -> dict[str, str]:
        """What the replicate began with and was shown first, so that an audit can look again."""
        first = first_parameters(self._network, self._recipe, task.replicate)
        order = presented(self._recipe, task.replicate, patterns, 0)
        return {
            "initial_weights_sha256": sha256(first),
            "first_pass_order_sha256": sha256(order),
        }

    def _pool(self, task: Task) -> Pool:
        recipe = self._recipe
        images, labels = task.database.train_images, task.database.train_labels
        if not recipe.distorted:
            return OriginalPool(images, labels, recipe.training_patterns)
        draw = generator(recipe, task.replicate, "distortions")
        return DistortedPool(
            images, labels, recipe.training_patterns, recipe.distortions, draw, self._network.field
        )
