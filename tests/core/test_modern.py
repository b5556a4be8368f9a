"""LeNet-5 as usually built: the article's network, its inputs, and training that can be stopped."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from fitting import Watched, same_bytes, task_of
from PIL import Image
from small import refused
from torch import nn
from torchvision.transforms import Compose, Resize, ToTensor

from replication.core import runs, settings
from replication.core.learning.monitor import Stopped
from replication.core.systems.modern import (
    System,
    build,
    count_connections,
    initialise,
    resize,
    scale,
)
from replication.files import write_bytes

EPOCHS, BATCH = 3, 32


RECIPE = settings.Modern(
    system="modern", replicates=2, seed=5, database="regular",
    epochs=EPOCHS, batch=BATCH, learning_rate=0.002,
)  # fmt: skip


def fit(tiny, folder, monitor=None, replicate=0, **changes):
    recipe = RECIPE.model_copy(update=changes)
    task = task_of(tiny, folder, replicate)
    return System("modern", recipe).fit(task, monitor or Watched("modern"))


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    """A replicate that was never interrupted."""
    return fit(tiny, tmp_path_factory.mktemp("whole"))


def test_network_has_61706_parameters_and_its_multiply_adds_are_counted_layer_by_layer(whole):
    counts = {
        name: sum(values.numel() for values in layer.parameters())
        for name, layer in build().named_children()
    }
    # Table I's 60 of 96 pairs would give C3 1,516; here every map reads all six.
    expected = {"C1": 156, "C3": 2416, "C5": 48120, "F6": 10164, "output": 850}
    assert {name: count for name, count in counts.items() if count} == expected
    assert sum(counts.values()) == 61706
    assert whole.cost.memory_thousands == pytest.approx(61.706)
    pooling = 6 * 14 * 14 * 4 + 16 * 5 * 5 * 4
    convolutions = 6 * 28 * 28 * 26 + 16 * 10 * 10 * 151 + 120 * 401
    assert count_connections() == convolutions + pooling + 84 * 121 + 10 * 85


def test_initial_values_are_those_torch_gives_by_default():
    before = torch.random.get_rng_state()
    ours = list(initialise(11).parameters())
    assert torch.equal(torch.random.get_rng_state(), before)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        usual = [nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5), nn.Conv2d(16, 120, 5)]
        usual += [nn.Linear(120, 84), nn.Linear(84, 10)]
    theirs = [values for layer in usual for values in layer.parameters()]
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


def test_resized_inputs_are_those_of_torchvision(tiny):
    images = tiny.train_images[:40]
    transform = Compose([Resize((32, 32)), ToTensor()])
    expected = torch.stack([transform(Image.fromarray(image)) for image in images])
    assert torch.equal(scale(resize(images)), expected)


def test_what_is_fitted_fits_the_files(whole, tiny, tmp_path):
    write_bytes(tmp_path / "history.csv", runs.history_bytes(whole.history))
    read = runs.read_history(tmp_path / "history.csv")
    assert tuple(read.columns) == (*runs.HISTORY_COLUMNS, runs.HASHES)
    assert read["mean_criterion"].is_monotonic_decreasing
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


# After one pass, in the second, and when everything is done but the replicate is not kept.
@pytest.mark.parametrize("shown", [200, 200 + 3 * BATCH, 200 * EPOCHS + 1])
def test_training_cut_short_goes_on_to_the_same_bytes(whole, tiny, tmp_path, shown):
    def listen(message):
        if message.presentations >= shown:
            monitor.stop()

    monitor = Watched("modern 0", listen)
    with pytest.raises(Stopped) if shown < 200 * EPOCHS else nullcontext():
        fit(tiny, tmp_path, monitor)
    same_bytes(fit(tiny, tmp_path), whole)


def test_replicates_side_by_side_are_those_trained_alone(whole, tiny, tmp_path):
    with ThreadPoolExecutor(2) as executor:
        first, second = executor.map(lambda n: fit(tiny, tmp_path, replicate=n), (0, 1))
    same_bytes(first, whole)
    assert second.weights["C1.weight"].tobytes() != first.weights["C1.weight"].tobytes()


def test_training_that_diverges_is_one_sentence(tiny, tmp_path):
    with refused("modern", "pass 1", "learning_rate"):
        fit(tiny, tmp_path, learning_rate=1e37)
