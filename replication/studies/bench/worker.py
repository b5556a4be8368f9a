"""A process that trains on request, and answers how long that took.

It is run by its path with the root of a tree of this project on PYTHONPATH, today's or that of an
earlier commit, so it may import only those parts of `replication` that both have. A request is a
line of JSON on standard input, ``{"do": NAME, ...}`` with the arguments of the method of that name
in `Worker`; the answer is a line on standard output, ``{"answer": ...}`` or ``{"error": ...}``.
"""

import json
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

# An installed project that can be edited would add today's modules to a tree that lacks them.
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]


def _load(name: str) -> Any:
    """Import a module of today's tree, or of one that had no rooms yet."""
    rooms = ("core.", "comparison.") if find_spec("replication.core") else ("",)
    paths = (f"replication.{room}{name}" for room in rooms)
    return import_module(next(path for path in paths if find_spec(path)))


databases, monitor = _load("mnist.databases"), _load("learning.monitor")
networks, paper, settings = _load("networks.catalogue"), _load("paper"), _load("settings")
presentations = _load("learning.presentations")
engine, trainer = _load("learning.engine"), _load("learning.trainer")
systems, contract = _load("systems.jobs"), _load("systems.contract")
# Their names in earlier commits come second.
change_recipe = getattr(settings, "change_recipe", None) or settings.changed
draw_first_parameters = getattr(trainer, "draw_first_parameters", None) or trainer.first_parameters

DISTORTED = "distorted"


def _grey_levels(chosen: Any) -> Any:
    """Return the input of each grey level, by the settings of this tree."""
    if hasattr(chosen.base, "inputs"):
        return databases.grey_levels(*chosen.base.inputs.ends)
    return databases.grey_levels(chosen.prepare.background, chosen.prepare.foreground)


class Training:
    """A network in training: real images in random order, the recipe's first step sizes."""

    def __init__(self, what: str, chosen: Any, published: Any, data: Any) -> None:
        """Start a network of the catalogue, or ``distorted``: LeNet-5 with distortions."""
        base = chosen.base
        name = base.network if what == DISTORTED else what
        self.network = networks.network(name, "regular", published)
        criterion = base.criterion.name if self.network.codes.size else "squared-error"
        recipe = change_recipe(base, {"network": name, "criterion.name": criterion})
        images, labels = data.train_images, data.train_labels
        self._pool = presentations.OriginalPool(images, labels, len(images))
        if what == DISTORTED:
            draw = presentations.generator(recipe, 0, "distortions")
            self._pool = presentations.DistortedPool(
                images, labels, len(images), recipe.distortions, draw, self.network.field
            )
        self.levels = _grey_levels(chosen)
        self._engine = engine.Engine(self.network, recipe.rules, self.levels)
        self._sdlm = recipe.sdlm
        self.order = presentations.generator(recipe, 0, "order").permutation(self._pool.size)
        self._sample = self._pool.show(self.order[: recipe.sdlm.patterns])
        self.parameters = draw_first_parameters(self.network, recipe, 0)
        rate = recipe.learning_rates[0]
        self.steps = (rate / (recipe.sdlm.mu + self.curvature())).astype(np.float32)

    def train(self, patterns: int) -> float:
        """Draw and present the next ``patterns`` of the order; return the sum of their losses."""
        numbers, self.order = self.order[:patterns], np.roll(self.order, -patterns)
        batch = self._pool.show(numbers)
        result = self._engine.train(self.parameters, self.steps, *batch)
        if result[2] >= 0:
            raise ArithmeticError(f"{self.network.name} diverged while it was timed")
        return float(result[1])

    def curvature(self) -> Any:
        """Estimate h_kk on as many patterns as before each pass."""
        images, _, order = self._sample
        return self._engine.curvature(self.parameters, images, order, self._sdlm)


def _time(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    started = clock()
    work()
    return clock() - started


def read_peak_memory() -> float:
    """Return the most mebibytes that this process has held."""
    status = Path("/proc/self/status")
    if status.is_file():
        # ru_maxrss of Linux begins at what the process that started this one held.
        (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
        return int(peak) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes


class Worker:
    """The requests that the process answers; times are CPU seconds unless stated otherwise."""

    def __init__(self, params: Path, published: Path, raw: Path) -> None:
        """Read the settings, the paper's tables in ``published``, and MNIST in ``raw``."""
        self._settings, self._paper = settings.load(params), paper.load(published)
        self._regular = databases.read_raw(raw)
        self._database = cache(lambda name: databases.derive(name, self._regular))
        self._trainings: dict[str, list[Training]] = {}

    def begin(self, what: str, patterns: int, path: str) -> float:
        """Write the start of ``what`` to ``path`` (.npz); return the sum of the first losses.

        The file has float32 parameters, steps and levels, and the order of the patterns.
        """
        training = self._begin(what)
        np.savez(path, parameters=training.parameters, steps=training.steps, order=training.order,
                 levels=training.levels)  # fmt: skip
        return training.train(patterns)

    def train(self, what: str, patterns: int) -> float:
        """Train ``what`` on the next ``patterns``."""
        (training,) = self._get_trainings(what, 1)
        return _time(lambda: training.train(patterns))

    def curvature(self, what: str) -> float:
        """Estimate the curvatures of ``what`` once."""
        (training,) = self._get_trainings(what, 1)
        return _time(training.curvature)

    def side_by_side(self, what: str, replicates: int, patterns: int) -> float:
        """Train ``replicates`` in threads of their own; return seconds by the clock on the wall."""
        trainings = self._get_trainings(what, replicates)
        with ThreadPoolExecutor(replicates) as threads:
            return _time(
                lambda: list(threads.map(lambda training: training.train(patterns), trainings)),
                time.perf_counter,
            )

    def memory(self, experiment: str, replicates: int, patterns: int) -> float:
        """Return the most mebibytes held by this process after training ``replicates`` at once."""
        with ThreadPoolExecutor(replicates) as threads:
            list(threads.map(lambda number: self._fit(experiment, number, 1, patterns),
                             range(replicates)))  # fmt: skip
        return read_peak_memory()

    def fit(self, experiment: str, passes: int, patterns: int, **others: int) -> float:
        """Fit replicate 0 of ``experiment``, shortened to ``passes`` of ``patterns``.

        ``others``: ``tests``, how many test patterns there are; ``candidates`` of boosting.
        """
        return _time(lambda: self._fit(experiment, 0, passes, patterns, **others))

    def peak(self, lanes: int) -> float:
        """Return the multiply-adds per second in registers, by vectors of ``lanes``."""
        from replication.studies.bench.peak import measure_peak

        return measure_peak(lanes)

    def facts(self) -> dict[str, Any]:
        """Return what the kernels are compiled for, and by which packages."""
        from replication.studies.bench.peak import describe_machine

        return describe_machine()

    def _begin(self, what: str) -> Training:
        return Training(what, self._settings, self._paper, self._regular)

    def _get_trainings(self, what: str, count: int) -> list[Training]:
        trainings = self._trainings.setdefault(what, [])
        trainings += [self._begin(what) for _ in range(count - len(trainings))]
        return trainings[:count]

    def _fit(
        self, experiment: str, replicate: int, passes: int, patterns: int,
        tests: int | None = None, candidates: int | None = None,
    ) -> None:  # fmt: skip
        full: Any = self._settings.experiment(experiment)
        sdlm = full.sdlm.model_copy(update={"patterns": min(full.sdlm.patterns, patterns)})
        changes = {"passes": passes, "presentations_per_pass": patterns, "sdlm": sdlm,
                   "learning_rates": full.learning_rates[:passes]}  # fmt: skip
        if candidates is not None:
            # More patterns than there can be, so that all candidates are gone through.
            few = {"candidates": candidates, "patterns": 2 * candidates}
            changes["options"] = {**full.options, **few}
        recipe = full.model_copy(update=changes)
        whole = self._database(recipe.database)
        data = databases.Database(whole.train_images, whole.train_labels, whole.test_images[:tests],
                                  whole.test_labels[:tests])  # fmt: skip
        levels = _grey_levels(self._settings)
        silent = monitor.Monitor(experiment, lambda _: None, lambda: False)
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = Path(folder, "checkpoint.npz")
            if hasattr(systems, "build_system"):
                network = systems.build_network(experiment, recipe, self._paper)
                system = systems.build_system(experiment, recipe, network)
            else:  # an earlier commit
                system = systems.system(experiment, recipe, self._paper)
            system.fit(contract.Task(experiment, replicate, data, levels, checkpoint), silent)


def main() -> None:
    """Answer requests until there are none."""
    # Anything else that is printed must not be taken for an answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    worker = Worker(*(Path(argument) for argument in sys.argv[1:4]))
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = {"answer": getattr(worker, request.pop("do"))(**request)}
        except Exception as error:  # reported by the other process, which knows the request
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=answers, flush=True)


if __name__ == "__main__":
    main()
