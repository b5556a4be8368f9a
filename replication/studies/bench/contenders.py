"""What the kernels are compared with, in torch on one thread."""

from __future__ import annotations

import numpy as np
import torch

from replication.mnist.databases import fields, grey_levels
from replication.networks.reference import Reference
from replication.settings import Modern, Settings
from replication.studies.bench.training import Training
from replication.systems.modern import Learner, resized


class Eager:
    """The faithful network in eager torch: a forward pass, autograd, and the same update."""

    def __init__(self, training: Training, settings: Settings, patterns: int) -> None:
        """The first ``patterns`` images are made to inputs beforehand, which is not timed."""
        network = training.network
        self._reference = Reference(network, training.rules)
        self._parameters = torch.from_numpy(training.parameters.copy()).requires_grad_()
        self._steps = torch.from_numpy(training.steps)
        table = grey_levels(settings.prepare.background, settings.prepare.foreground)
        inputs = fields(training.images[:patterns], network.field, table)
        labels = training.labels[:patterns].astype(np.int64)
        self._inputs = torch.from_numpy(inputs[:, np.newaxis])
        self._labels = torch.from_numpy(labels)

    def train(self, patterns: int) -> None:
        """One update after each of the first ``patterns``."""
        for n in range(patterns):
            pattern = slice(n, n + 1)
            value = self._reference.criterion(
                self._parameters, self._inputs[pattern], self._labels[pattern]
            )
            (gradient,) = torch.autograd.grad(value, self._parameters)
            with torch.no_grad():
                self._parameters.addcmul_(self._steps, gradient, value=-1)


class Usual:
    """The article's network: Adam, a batch at a time."""

    def __init__(self, training: Training, recipe: Modern, patterns: int) -> None:
        """The first ``patterns`` images are resized beforehand, which is not timed."""
        self._batch = recipe.batch
        self._learner = Learner(recipe.seed, recipe.learning_rate)
        labels = training.labels[:patterns].astype(np.int64)
        self._images = resized(training.images[:patterns])
        self._labels = torch.from_numpy(labels)

    def train(self, patterns: int) -> None:
        """One update after each whole batch of the first ``patterns``."""
        for first in range(0, patterns, self._batch):
            batch = slice(first, first + self._batch)
            self._learner.step(self._images[batch], self._labels[batch])
