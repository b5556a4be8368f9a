"""Optimisers give the step of every parameter before each pass, and go on where they were."""

import os
import subprocess
import sys

import numpy as np
import pytest
from small import REPOSITORY, copy_package, refused, small_document, small_project, write_params

from replication.core import settings
from replication.core.learning import optimisers
from replication.core.learning.optimisers import Situation
from replication.core.learning.presentations import Batch

MODULE = '''
"""Steps that fall with every pass: a third optimiser, in a file of its own."""

import numpy as np

from replication.core.settings import Positive, Section


class Options(Section):
    """How fast they fall."""

    share: Positive


def steps(situation, options):
    memory = situation.memory
    before = memory.get("steps", np.full(situation.parameters.size, situation.learning_rate))
    memory["steps"] = before * options.share
    return memory["steps"].astype(np.float32)
'''

# Trains two passes, as it is told at once or with a stop in between.
PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from replication.comparison import paper
from replication.core import settings
from replication.core.learning.engine import Engine
from replication.core.learning.monitor import Message, Monitor, Stopped
from replication.core.learning.presentations import OriginalPool
from replication.core.learning.trainer import Trainer
from replication.core.networks import catalogue

root, checkpoint, stops = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "stops"
base = settings.load(root / "params.yaml").base
recipe = settings.change_recipe(base, {
    "optimiser.name": "falling", "optimiser.options": {"share": 0.5}, "passes": 2,
    "learning_rates": (1e-4, 1e-4), "presentations_per_pass": 50, "training_patterns": 50,
})
network = catalogue.network("lenet5", "regular", paper.load(root / "data" / "paper"))
draw = np.random.default_rng(0)
images = draw.integers(0, 256, (50, 28, 28), dtype=np.uint8)
labels = draw.integers(0, 10, 50, dtype=np.uint8)
heard = []
engine = Engine(network, recipe.rules, np.linspace(-0.1, 1.175, 256))
pool = OriginalPool(images, labels, 50)
monitor = Monitor("x", heard.append, lambda: stops and any(m.line for m in heard))
try:
    progress = Trainer(recipe, 0, engine, pool, (images, labels), checkpoint).run(monitor)
    steps = [row["step_F6_max"] for row in progress.history]
    print(steps, progress.parameters.tobytes().hex()[:64])
except Stopped:
    print("stopped")
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package with a third optimiser."""
    folder = tmp_path_factory.mktemp("package")
    (copy_package(folder) / "core/learning/optimisers/falling.py").write_text(MODULE)
    return folder


def python(package, folder, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(package)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_a_third_optimiser_is_one_file_and_its_state_survives_an_interruption(package):
    def trained(name, how):
        return python(package, package, "-c", PROGRAM, str(REPOSITORY), str(package / name), how)

    whole = trained("whole.npz", "goes on")
    halved = [float(np.float32(1e-4 * share)) for share in (0.5, 0.25)]
    assert whole.startswith(str(halved))
    assert trained("cut.npz", "stops") == "stopped"
    assert trained("cut.npz", "goes on") == whole


@pytest.mark.slow
def test_an_optimiser_with_an_option_of_its_own_is_audited(package, tmp_path, tiny):
    project = small_project(tmp_path / "project", tiny)
    document = small_document()
    falling = {"name": "falling", "options": {"share": 0.5}}
    document["experiments"]["mine"] = {"optimiser": falling}
    write_params(project / "params.yaml", document)
    python(package, project, "-m", "replication", "audit", "--out", "audit.csv")
    lines = (project / "audit.csv").read_text().splitlines()
    (row,) = [line for line in lines if line.startswith("experiments.mine,")]
    assert "optimiser.name: falling; optimiser.options.share: 0.5" in row


def chosen(**optimiser):
    return settings.change_recipe(
        settings.parse(small_document(), "params.yaml").base,
        {f"optimiser.{name}": value for name, value in optimiser.items()},
    )


def test_an_estimate_of_the_curvatures_lasts_as_many_passes_as_is_said():
    """Then it is made again; in between it is in the memory, which a checkpoint keeps."""
    estimates = []

    class Stub:
        def curvature(self, parameters, *_):
            estimates.append(float(parameters[0]))
            return np.full(3, 2.0 * len(estimates))

    class Pool:
        size = 10

        def show(self, numbers):
            return Batch(np.zeros(0), np.zeros(0), numbers)

    base = settings.parse(small_document(), "params.yaml").base
    changes = {"sdlm.lasts": 2, "sdlm.mu": 1.0, "passes": 4, "learning_rates": (1.0, 1.0, 2.0, 2.0),
               "sdlm.patterns_drawn": "random"}  # fmt: skip
    recipe, memory, given = settings.change_recipe(base, changes), {}, []
    for turn in range(4):
        weights = np.full(3, turn, np.float32)
        situation = Situation(Stub(), Pool(), recipe, 0, turn, weights, memory)
        given.append(float(optimisers.load_optimiser(recipe)(situation)[0]))
    assert estimates == [0.0, 2.0]
    assert given == pytest.approx([1 / 3, 1 / 3, 2 / 5, 2 / 5])


def test_plain_stochastic_gradient_has_one_step_for_all():
    recipe = chosen(name="sgd")
    situation = Situation(None, None, recipe, 0, 1, np.zeros(7, np.float32), {})
    steps = optimisers.load_optimiser(recipe)(situation)
    np.testing.assert_array_equal(steps, np.full(7, np.float32(recipe.learning_rates[1])))


@pytest.mark.parametrize(("optimiser", "named"), [
    ({"name": "adam"}, ("'adam'", "sdlm", "sgd")),
    ({"name": "sgd", "options": {"momentum": 0.9}}, ("optimiser.options",)),
])  # fmt: skip
def test_an_optimiser_or_option_that_is_not_there_is_refused_by_name(optimiser, named):
    with refused(*named):
        optimisers.load_optimiser(chosen(**optimiser))
