"""LeNet-5 as usually built: the article's network, its inputs, and training that can be stopped."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from fitting import same_bytes, task_of
from PIL import Image
from torch import nn
from torchvision.transforms import Compose, Resize, ToTensor
from watching import Watched

from replication.core import runs, settings
from replication.core.learning.monitor import Stopped
from replication.core.systems.catalogue import build_network, build_system
from replication.core.systems.modern import (
    Learner,
    System,
    build,
    count_connections,
    initialise,
    resize,
    scale,
)
from replication.errors import ReplicationError
from replication.files import write_bytes

EPOCHS, BATCH = 3, 32
# 200 is no multiple of 32, so the last batch is a smaller one.
RECIPE = settings.Modern(
    system="modern",
    replicates=2,
    seed=5,
    database="regular",
    epochs=EPOCHS,
    batch=BATCH,
    learning_rate=0.002,
)


def quiet(name="modern 0"):
    return Watched(name)


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    """A replicate that was never interrupted."""
    return System("modern", RECIPE).fit(task_of(tiny, tmp_path_factory.mktemp("whole")), quiet())


def test_network_has_61706_parameters(whole):
    counts = {
        name: sum(values.numel() for values in layer.parameters())
        for name, layer in build().named_children()
    }
    # Table I's 60 of 96 pairs would give C3 1,516; here every map reads all six.
    expected = {"C1": 156, "C3": 2416, "C5": 48120, "F6": 10164, "output": 850}
    assert {name: count for name, count in counts.items() if count} == expected
    assert sum(counts.values()) == 61706
    assert whole.cost.memory_thousands == pytest.approx(61.706)


def test_network_has_the_maps_of_lenet5():
    x = torch.empty(1, 1, 32, 32, device="meta")
    shapes = {}
    for name, layer in build().named_children():
        x = layer(x)
        shapes[name] = tuple(x.shape[1:])
    assert shapes["C1"] == (6, 28, 28)
    assert shapes["S2"] == (6, 14, 14)
    assert shapes["C3"] == (16, 10, 10)
    assert shapes["S4"] == (16, 5, 5)
    assert shapes["C5"] == (120, 1, 1)
    assert shapes["F6"] == (84,)
    assert shapes["output"] == (10,)


def test_multiply_adds_are_counted_layer_by_layer():
    pooling = 6 * 14 * 14 * 4 + 16 * 5 * 5 * 4
    convolutions = 6 * 28 * 28 * 26 + 16 * 10 * 10 * 151 + 120 * 401
    assert count_connections() == convolutions + pooling + 84 * 121 + 10 * 85


def test_initial_values_are_those_torch_gives_by_default():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        usual = [nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5), nn.Conv2d(16, 120, 5)]
        usual += [nn.Linear(120, 84), nn.Linear(84, 10)]
    ours = list(initialise(11).parameters())
    theirs = [values for layer in usual for values in layer.parameters()]
    assert [tuple(values.shape) for values in ours] == [tuple(values.shape) for values in theirs]
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


def test_building_a_network_leaves_torchs_own_generator_alone():
    before = torch.random.get_rng_state()
    initialise(3)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_resized_inputs_are_those_of_torchvision(tiny):
    images = tiny.train_images[:40]
    transform = Compose([Resize((32, 32)), ToTensor()])
    expected = torch.stack([transform(Image.fromarray(image)) for image in images])
    assert torch.equal(scale(resize(images)), expected)


def test_resized_inputs_lie_between_0_and_1(tiny):
    inputs = scale(resize(tiny.train_images))
    assert inputs.shape == (len(tiny.train_images), 1, 32, 32)
    assert inputs.dtype == torch.float32
    assert (inputs.min().item(), inputs.max().item()) == (0.0, 1.0)


def test_training_lowers_misses_and_criterion(whole):
    history = whole.history
    assert history["training_misses"].iloc[-1] < history["training_misses"].iloc[0]
    assert history["mean_criterion"].is_monotonic_decreasing


def test_what_is_fitted_fits_the_files(whole, tiny, tmp_path):
    write_bytes(tmp_path / "history.csv", runs.history_bytes(whole.history))
    read = runs.read_history(tmp_path / "history.csv")
    assert tuple(read.columns) == (*runs.HISTORY_COLUMNS, runs.HASHES)
    misses = int((whole.answers.classes != tiny.test_labels).sum())
    assert read["test_misses"].tolist()[-1] == misses
    assert read["training_presentations"].tolist() == [200] * EPOCHS
    assert (whole.presentations, whole.parameters) == (200 * EPOCHS, 61706)
    assert sum(values.size for values in whole.weights.values()) == 61706
    assert {values.dtype for values in whole.weights.values()} == {np.dtype(np.float32)}


def test_answers_come_from_the_kept_weights(whole, tiny):
    model = build().to_empty(device="cpu")
    model.load_state_dict({name: torch.from_numpy(v) for name, v in whole.weights.items()})
    with torch.no_grad():
        best = model(scale(resize(tiny.test_images))).topk(2, dim=1)
    assert np.array_equal(best.indices[:, 0].numpy(), whole.answers.classes)
    margins = (best.values[:, 0] - best.values[:, 1]).numpy()
    np.testing.assert_allclose(margins, whole.answers.margins, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("passes", [1, 2])
def test_training_goes_on_after_a_whole_pass_to_the_same_bytes(whole, tiny, tmp_path, passes):
    def listen(_):
        if len(monitor.lines) == passes:
            monitor.stop()

    monitor = Watched("modern 0", listen)
    with pytest.raises(Stopped):
        System("modern", RECIPE).fit(task_of(tiny, tmp_path), monitor)
    again = quiet()
    fitted = System("modern", RECIPE).fit(task_of(tiny, tmp_path), again)
    same_bytes(fitted, whole)
    assert again.shown == 200 * EPOCHS


def test_a_pass_cut_short_is_trained_again_to_the_same_bytes(whole, tiny, tmp_path, monkeypatch):
    monitor = quiet()
    step = Learner.step

    def stop_in_second_pass(self, images, labels):
        if monitor.shown >= 200 + 3 * BATCH:
            monitor.stop()
        return step(self, images, labels)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "step", stop_in_second_pass)
        with pytest.raises(Stopped):
            System("modern", RECIPE).fit(task_of(tiny, tmp_path), monitor)
    assert monitor.shown == 200 + 3 * BATCH
    same_bytes(System("modern", RECIPE).fit(task_of(tiny, tmp_path), quiet()), whole)


def test_a_finished_checkpoint_gives_the_same_answers(whole, tiny, tmp_path):
    System("modern", RECIPE).fit(task_of(tiny, tmp_path), quiet())
    same_bytes(System("modern", RECIPE).fit(task_of(tiny, tmp_path), quiet()), whole)


def test_replicates_side_by_side_are_those_trained_alone(whole, tiny, tmp_path):
    def fit(replicate):
        return System("modern", RECIPE).fit(task_of(tiny, tmp_path, replicate), quiet())

    with ThreadPoolExecutor(2) as executor:
        first, second = executor.map(fit, (0, 1))
    same_bytes(first, whole)
    assert second.weights["C1.weight"].tobytes() != first.weights["C1.weight"].tobytes()


def test_a_monitor_hears_of_each_pass(tiny, tmp_path):
    monitor = Watched("modern 0")
    history = System("modern", RECIPE).fit(task_of(tiny, tmp_path), monitor).history
    assert monitor.shown == 200 * EPOCHS
    assert monitor.lines == [
        f"pass {row['pass']} of {EPOCHS}, {row['training_misses']} of 200 missed in "
        f"training, {row['test_misses']} of 100 in test"
        for row in history.to_dict("records")
    ]


def test_training_that_diverges_is_one_sentence(tiny, tmp_path):
    recipe = RECIPE.model_copy(update={"learning_rate": 1e37})
    with pytest.raises(ReplicationError, match=r"modern 0 .*pass 1\b.*learn"):
        System("modern", recipe).fit(task_of(tiny, tmp_path), quiet())


def test_the_catalogue_makes_it_from_params(repository, paper):
    recipe = settings.load(repository / "params.yaml").experiment("lenet5-modern")
    assert build_network("lenet5-modern", recipe, paper) is None
    assert isinstance(build_system("lenet5-modern", recipe, None), System)


def test_the_catalogue_names_the_experiment_that_cannot_be(repository, paper):
    recipe = settings.load(repository / "params.yaml").base
    wrong = recipe.model_copy(update={"network": "lenet7"})
    expected = r"^experiment lenet7-wide: params\.yaml names 'lenet7' .*/core/networks has lenet1"
    with pytest.raises(ReplicationError, match=expected):
        build_network("lenet7-wide", wrong, paper)
