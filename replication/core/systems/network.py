"""The networks trained by Appendix C: LeNet-1, LeNet-4, LeNet-5 and the perceptrons."""

from typing import Any

from replication.core.learning.engine import Engine
from replication.core.learning.identity import ENGINE, MARKS, sha256
from replication.core.learning.monitor import Monitor
from replication.core.learning.presentations import (
    DistortedPool,
    OriginalPool,
    Pool,
    generator,
    present_order,
)
from replication.core.learning.trainer import Trainer, draw_first_parameters
from replication.core.networks.specification import Network
from replication.core.settings import Combined, Recipe
from replication.core.systems.contract import (
    Chosen,
    Configured,
    Cost,
    Fitted,
    Task,
    answers_from_penalties,
)
from replication.errors import ReplicationError
from replication.files import write_bytes


class System(Configured[Chosen]):
    """A network and its recipe; a system that does more with networks has ``Options``."""

    # Mostly a pass of patterns that are drawn, 1 kB each.
    memory = 500_000_000

    def __init__(self, experiment: str, recipe: Recipe | Combined, network: Network) -> None:
        """Raise ReplicationError for options that cannot be, and a criterion that does not fit."""
        super().__init__(experiment, recipe.options if isinstance(recipe, Combined) else {})
        rbf = network.codes.size > 0
        if rbf == (recipe.criterion.name == "squared-error"):
            fitting = "mle or map" if rbf else "squared-error"
            raise ReplicationError(
                f"params.yaml: the criterion {recipe.criterion.name} does not fit the outputs of "
                f"{network.name}: set criterion.name to {fitting}"
            )
        self._network = network
        self._recipe = recipe.network_recipe()

    def fit(self, task: Task, monitor: Monitor) -> Fitted:
        """Train pass by pass, going on from the checkpoint where there is one."""
        recipe = self._recipe
        trainer = self._trainer(task)
        with task.shared.part("network", self._decisive(task), monitor) as part:
            if part.content is not None:
                # A checkpoint after the last pass: nothing is left to be trained.
                write_bytes(task.checkpoint, part.content)
                monitor.presented(recipe.passes * recipe.presentations_per_pass)
            progress = trainer.run(monitor)
            part.leave(task.checkpoint.read_bytes())
        return Fitted(
            answers_from_penalties(progress.penalties),
            # Multiply-adds are the connections, as the paper counts them.
            Cost(self._network.connections / 1e3, self._network.parameters / 1e3),
            progress.table(),
            {"parameters": progress.parameters},
            self._network.parameters,
            recipe.passes * recipe.presentations_per_pass,
            {**self._evidence(task, trainer.pool.size), **progress.marks()},
        )

    def begin(self, task: Task, presentations: int = MARKS[-1]) -> dict[str, str]:
        """Train the first presentations alone: the evidence of it that `fit` gives as well."""
        return self._trainer(task).begin(presentations).marks()

    def _trainer(self, task: Task) -> Trainer:
        """Return the trainer; raise ReplicationError where the database has too few patterns."""
        recipe, database = self._recipe, task.database
        available = len(database.train_images)
        if recipe.training_patterns > available:
            raise ReplicationError(
                f"params.yaml: experiments.{task.experiment}.training_patterns is "
                f"{recipe.training_patterns}, but the database has {available}: lower it"
            )
        test, pool = (database.test_images, database.test_labels), self._pool(task)
        return Trainer(recipe, task.replicate, self._engine(task), pool, test, task.checkpoint)

    def _engine(self, task: Task) -> Engine:
        return Engine(self._network, self._recipe.rules, task.levels)

    def _decisive(self, task: Task) -> dict[str, Any]:
        """Return all that the trained network follows from, in the form of JSON."""
        network = self._network
        return {
            "recipe": self._recipe.training(subsampled=network.subsampled),
            "network": network.sha256,
            "levels": task.levels.tolist(),
            "data": task.database.sha256(),
            "replicate": task.replicate,
            "engine": ENGINE,
        }

    def _evidence(self, task: Task, patterns: int) -> dict[str, str]:
        """Return what the replicate began with and was shown first, for an audit to see."""
        first = draw_first_parameters(self._network, self._recipe, task.replicate)
        order = present_order(self._recipe, task.replicate, patterns, 0)
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
