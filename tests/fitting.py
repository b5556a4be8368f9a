"""What the tests of systems share: a recipe, a task, and how one fit is held against another."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from networks_of_tests import NETWORKS
from small import small_document

from replication.core import settings
from replication.core.learning.monitor import Message, Monitor
from replication.core.mnist import databases
from replication.core.networks.reference import Reference
from replication.core.systems import jobs
from replication.core.systems.contract import Task

TABLE = databases.grey_levels(-0.1, 1.175)
LENET4 = NETWORKS["lenet4"]
SQUARED = {"name": "squared-error", "j": 10.0, "divisor": 1.0}


class Watched(Monitor):
    """Keeps the lines and the last count, and calls ``listen``; `stop` asks the fit to stop."""

    def __init__(self, name: str = "mine 0", listen: Callable[[Message], None] = id) -> None:
        self.lines: list[str] = []
        self.shown = 0
        self._asked = False
        self._listen = listen
        super().__init__(name, self._hear, lambda: self._asked)

    def stop(self) -> None:
        """Ask it to stop at its next look."""
        self._asked = True

    def _hear(self, message: Message) -> None:
        self.shown = message.presentations
        if message.line:
            self.lines.append(message.line)
        self._listen(message)


def classifier(system, options, seed=None):
    """The recipe of a classifier."""
    return settings.Classifier(
        system=system, replicates=1, seed=seed, database="regular", options=options
    )


def cut(database, *part):
    """The database with these lines and columns of every image."""
    train, test = (images[:, *part] for images in (database.train_images, database.test_images))
    return replace(database, train_images=train, test_images=test)


def task_of(database, folder, replicate=0):
    return Task("mine", replicate, database, TABLE, folder / f"checkpoint{replicate}.npz")


def recipe_of(system, options=None, **changes):
    """An experiment of LeNet-4 with two passes of 60 presentations, as params.yaml gives it."""
    entry = {"system": system, "network": "lenet4", "criterion": SQUARED, **changes}
    document = small_document()
    document["experiments"] = {"mine": entry | ({} if options is None else {"options": options})}
    return settings.parse(document, "params.yaml").experiment("mine")


def system_of(paper, system, options=None, **changes):
    recipe = recipe_of(system, options, **changes)
    return jobs.build_system("mine", recipe, jobs.build_network("mine", recipe, paper))


def fit(paper, tiny, folder, system, options=None, **changes):
    return system_of(paper, system, options, **changes).fit(task_of(tiny, folder), Watched())


def answers_by(recipe, weights):
    """The reference of LeNet-4 with these weights, as a function from images to penalties."""
    reference, parameters = Reference(LENET4, recipe.rules), torch.from_numpy(weights)

    def answer(images):
        inputs = torch.from_numpy(databases.make_inputs(images, 32, TABLE)[:, None])
        return reference.penalties(parameters, inputs)[:, :, 0, 0].numpy()

    return answer


def same_bytes(one, other):
    assert one.answers.classes.tobytes() == other.answers.classes.tobytes()
    assert one.answers.margins.tobytes() == other.answers.margins.tobytes()
    assert {name: values.tobytes() for name, values in one.weights.items()} == {
        name: values.tobytes() for name, values in other.weights.items()
    }
    assert one.history.equals(other.history)


def check_against_scores(answers, scores):
    """The answers are those of the greatest score; where two are as great, either."""
    two = np.sort(scores, axis=1)[:, -2:]
    margins = two[:, 1] - two[:, 0]
    np.testing.assert_allclose(answers.margins, margins, rtol=1e-3, atol=2e-4)
    clear = margins > 1e-3
    assert clear.sum() > 90
    np.testing.assert_array_equal(answers.classes[clear], scores.argmax(axis=1)[clear])
