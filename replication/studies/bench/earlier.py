"""The kernels that this engine replaced, from the project's own history, to be timed beside it.

They let the compiler reorder and fuse sums, so their bytes depended on the processor.
"""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from replication.studies.bench.training import Training

COMMIT = "deb00b9"
_FILES = ("plan", "kernels")


def fetch(folder: Path) -> ModuleType | None:
    """The kernels of `COMMIT` as a module, written to ``folder``; None without that history."""
    for name in _FILES:
        source = _shown(f"{COMMIT}:replication/learning/{name}.py")
        if source is None:
            return None
        text = source.replace("replication.learning.plan", "earlier_plan")
        (folder / f"earlier_{name}.py").write_text(
            text.replace('with_name("plan.py")', 'with_name("earlier_plan.py")'), encoding="utf-8"
        )
    return [_imported(f"earlier_{name}", folder) for name in _FILES][-1]


def _shown(what: str) -> str | None:
    command, here = ["git", "show", what], Path(__file__).parent
    try:
        return subprocess.run(command, cwd=here, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


def _imported(name: str, folder: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    if specification is None or specification.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


class Earlier:
    """One network trained by the earlier kernels, from where ``training`` stands."""

    def __init__(self, kernels: ModuleType, training: Training) -> None:
        """The patterns, their order, weights and step sizes are those of ``training``."""
        rules = training.rules
        self._kernels = kernels
        self._plan = sys.modules["earlier_plan"].plan(training.network)
        self._state = kernels.state(self._plan)
        self._rules = kernels.Rules(
            np.float32(rules.squashing.amplitude),
            np.float32(rules.squashing.slope),
            np.float32(rules.subsampling.share),
            ("mle", "map", "squared-error").index(rules.criterion.name),
            math.exp(-rules.criterion.j),
            np.float32(rules.criterion.divisor),
        )
        self.parameters, self._steps = training.parameters.copy(), training.steps.copy()
        self._patterns: Sequence[Any] = (training.images, training.labels)
        self._order, self._levels = training.order.copy(), training.levels
        self._signals = np.zeros(2, np.int64)

    def train(self, patterns: int) -> None:
        """Present the next ``patterns`` of the order, with an update after each."""
        order, self._order = self._order[:patterns], np.roll(self._order, -patterns)
        self._kernels.train(
            self._plan, self._rules, self.parameters, self._steps, *self._patterns, order,
            self._levels, self._state, self._signals,
        )  # fmt: skip
