"""The systems made of networks that Appendix C trains, on tiny data, against plain loops."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from networks_of_tests import NETWORKS
from small import small_document, small_project
from watching import Watched

from replication import settings
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.learning.monitor import Stopped
from replication.learning.presentations import DistortedPool
from replication.learning.streams import generator
from replication.mnist import databases
from replication.networks.reference import Reference
from replication.systems import boosted, catalogue, replicates
from replication.systems.contract import Task
from replication.systems.noisy import NoisyPool
from replication.systems.noisy import Options as Noise

LENET4 = NETWORKS["lenet4"]
TABLE = databases.grey_levels(-0.1, 1.175)
SQUARED = {"name": "squared-error", "j": 10.0, "divisor": 1.0}
NEIGHBOURS = {"method": "neighbours", "neighbours": 7}
LOCAL = {"method": "local", "neighbours": 30, "decay": 0.05}
BOOSTED = {"patterns": 40, "candidates": 700, "lost_percent": 5.0}


def recipe_of(system, options, **changes):
    """An experiment of LeNet-4 with two passes of 60 presentations, as params.yaml gives it."""
    entry = {"system": system, "network": "lenet4", "criterion": SQUARED, **changes}
    document = small_document()
    document["experiments"] = {"mine": entry | ({} if options is None else {"options": options})}
    return settings.parse(document, "params.yaml").experiment("mine")


def system_of(paper, system, options=None, **changes):
    return catalogue.system("mine", recipe_of(system, options, **changes), paper)


def task_of(tiny, folder, replicate=0):
    return Task("mine", replicate, tiny, TABLE, folder / "checkpoint.npz")


def fit(paper, tiny, folder, system, options=None, **changes):
    return system_of(paper, system, options, **changes).fit(task_of(tiny, folder), Watched())


def same_bytes(one, other):
    assert one.answers.classes.tobytes() == other.answers.classes.tobytes()
    assert one.answers.margins.tobytes() == other.answers.margins.tobytes()
    assert {name: values.tobytes() for name, values in one.weights.items()} == {
        name: values.tobytes() for name, values in other.weights.items()
    }


@pytest.fixture(scope="module")
def plain(paper, tiny, tmp_path_factory):
    """What LeNet-4 learns alone."""
    return fit(paper, tiny, tmp_path_factory.mktemp("plain"), "network")


@pytest.fixture(scope="module")
def activations(plain, tiny):
    """C5 of the training and of the test patterns by the torch reference, float64 (n, 120)."""
    recipe = recipe_of("network", None)
    reference = Reference(LENET4, recipe.rules)
    weights = torch.from_numpy(plain.weights["parameters"]).double()

    def of(images):
        inputs = torch.from_numpy(databases.fields(images, 32, TABLE)[:, None]).double()
        return reference.maps(weights, inputs)["C5"][:, :, 0, 0].numpy()

    return of(tiny.train_images), of(tiny.test_images)


def answers_by(recipe, weights):
    """The reference of LeNet-4 with these weights, as a function from images to penalties."""
    reference, parameters = Reference(LENET4, recipe.rules), torch.from_numpy(weights)

    def answer(images):
        inputs = torch.from_numpy(databases.fields(images, 32, TABLE)[:, None])
        return reference.penalties(parameters, inputs)[:, :, 0, 0].numpy()

    return answer


def nearest_by_sorting(pattern, known, count):
    distances = np.sqrt(((known - pattern) ** 2).sum(axis=1))
    order = np.argsort(distances, kind="stable")[:count]
    return order, distances[order]


def check_against_scores(answers, scores):
    two = np.sort(scores, axis=1)[:, -2:]
    margins = two[:, 1] - two[:, 0]
    np.testing.assert_allclose(answers.margins, margins, rtol=1e-3, atol=2e-4)
    clear = margins > 1e-3
    assert clear.sum() > 90
    np.testing.assert_array_equal(answers.classes[clear], scores.argmax(axis=1)[clear])


# --- the last layer replaced ---------------------------------------------------------------------


def test_neighbours_vote_as_their_distances_in_the_last_hidden_layer_say(
    paper, tiny, activations, tmp_path
):
    fitted = fit(paper, tiny, tmp_path, "last-layer", NEIGHBOURS)
    known, asked = activations
    scores = np.zeros((len(asked), 10))
    for row, pattern in zip(scores, asked, strict=True):
        for number, distance in zip(*nearest_by_sorting(pattern, known, 7), strict=True):
            row[tiny.train_labels[number]] += 1.0 / (distance + 1e-6)
    check_against_scores(fitted.answers, scores)


def ridge(pattern, neighbours, targets, decay):
    """Least squares with a row of its own for each weight that decays."""
    units = neighbours.shape[1]
    share = np.sqrt(1.0 / len(neighbours))
    rows = share * np.column_stack([neighbours, np.ones(len(neighbours))])
    decaying = np.sqrt(decay) * np.eye(units, units + 1)
    wanted = np.vstack([share * targets, np.zeros((units, targets.shape[1]))])
    found = np.linalg.lstsq(np.vstack([rows, decaying]), wanted, rcond=None)[0]
    return np.append(pattern, 1.0) @ found


def test_local_learning_is_a_ridge_regression_on_the_neighbours_of_each_pattern(
    paper, tiny, activations, tmp_path
):
    fitted = fit(paper, tiny, tmp_path, "last-layer", LOCAL)
    known, asked = activations
    scores = []
    for pattern in asked:
        near, _ = nearest_by_sorting(pattern, known, 30)
        targets = np.where(tiny.train_labels[near, None] == np.arange(10), 1.0, -1.0)
        scores.append(ridge(pattern, known[near], targets, 0.05))
    check_against_scores(fitted.answers, np.stack(scores))


@pytest.mark.parametrize("options", [NEIGHBOURS, LOCAL])
def test_the_weights_are_those_of_the_network_alone(paper, tiny, plain, tmp_path, options):
    fitted = fit(paper, tiny, tmp_path, "last-layer", options)
    assert list(fitted.weights) == ["parameters"]
    assert fitted.weights["parameters"].tobytes() == plain.weights["parameters"].tobytes()
    assert fitted.history.empty
    assert (fitted.parameters, fitted.presentations) == (plain.parameters, plain.presentations)


def test_only_patterns_of_the_training_set_in_force_are_neighbours(paper, tiny, tmp_path):
    halved = {"training_patterns": 90}
    fitted = fit(paper, tiny, tmp_path, "last-layer", NEIGHBOURS, **halved)
    cut = databases.Database(
        tiny.train_images[:90], tiny.train_labels[:90], tiny.test_images, tiny.test_labels
    )
    (tmp_path / "cut").mkdir()
    same_bytes(fitted, fit(paper, cut, tmp_path / "cut", "last-layer", NEIGHBOURS, **halved))


def test_the_cost_counts_the_layers_below_and_all_patterns_kept(paper, tiny, tmp_path):
    below = sum(layer.connections for layer in LENET4.layers if layer.name != "output")
    kept = 200 * 120
    cost = fit(paper, tiny, tmp_path, "last-layer", NEIGHBOURS).cost
    assert cost.operations_thousands == (below + kept) / 1e3
    assert cost.memory_thousands == (LENET4.parameters - 1210 + kept) / 1e3
    dearer = fit(paper, tiny, tmp_path, "last-layer", LOCAL).cost
    assert dearer.memory_thousands == cost.memory_thousands
    solving = 30 * 120 * 121 / 2 + 120**3 / 6 + 10 * (30 * 120 + 120 * 120 + 120)
    assert dearer.operations_thousands - cost.operations_thousands == solving / 1e3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "local", "neighbours": 5}, "add decay"),
        ({**NEIGHBOURS, "decay": 0.1}, "remove decay"),
        ({"method": "nearest", "neighbours": 5}, "options.method is 'nearest'"),
    ],
)
def test_options_that_cannot_be_are_refused(paper, options, message):
    with pytest.raises(ReplicationError, match=message):
        system_of(paper, "last-layer", options)


def test_asked_to_stop_after_the_last_pass_the_network_is_kept(paper, tiny, tmp_path):
    system = system_of(paper, "last-layer", NEIGHBOURS)
    monitor = Watched(listen=lambda told: monitor.stop() if "pass 2" in told.line else None)
    with pytest.raises(Stopped):
        system.fit(task_of(tiny, tmp_path), monitor)
    again = Watched()
    same_bytes(
        system.fit(task_of(tiny, tmp_path), again),
        fit(paper, tiny, tmp_path, "last-layer", NEIGHBOURS),
    )
    assert not any("pass" in line for line in again.lines)


# --- boosting ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def boost(paper, tiny, tmp_path_factory):
    """Boosted LeNet-4s, and the folder of their checkpoints."""
    folder = tmp_path_factory.mktemp("boosted")
    return fit(paper, tiny, folder, "boosted", BOOSTED, distorted=True), folder


def network_of(boost, name):
    """One of the three as a function from images to penalties."""
    return answers_by(recipe_of("boosted", BOOSTED, distorted=True), boost[0].weights[name])


def found_for(tiny, number, count=700):
    """The candidates for the network after ``number`` others."""
    recipe = boosted.later(recipe_of("boosted", BOOSTED, distorted=True).recipe(), number)
    return boosted.candidates(tiny.train_images, tiny.train_labels, recipe, 0, count, 32)


def test_the_first_network_is_that_of_the_distorted_experiment(paper, tiny, boost, tmp_path):
    alone = fit(paper, tiny, tmp_path, "network", distorted=True)
    first = boost[0].weights["first"]
    assert first.tobytes() == alone.weights["parameters"].tobytes()


def test_candidates_are_new_and_in_random_order(tiny):
    one, other = found_for(tiny, 1), found_for(tiny, 2)
    assert len(one.order) == len(set(one.order.tolist())) == 700
    assert one.pool.size == 800
    assert one.order.tolist() != sorted(one.order.tolist())
    recipe = recipe_of("boosted", BOOSTED, distorted=True).recipe()
    draw = generator(recipe, 0, "distortions")
    first = DistortedPool(tiny.train_images, tiny.train_labels, 200, recipe.distortions, draw, 32)
    numbers = np.arange(200, 800)
    shown = [pool.show(numbers).images for pool in (first, one.pool, other.pool)]
    for images, others in ((shown[0], shown[1]), (shown[0], shown[2]), (shown[1], shown[2])):
        assert (images != others).any(axis=(1, 2)).mean() > 0.99


def test_the_second_network_learns_from_patterns_of_which_half_are_right(tiny, boost):
    first = network_of(boost, "first")
    pool = boosted.half_right(found_for(tiny, 1), first, 40, Watched())
    batch = pool.show(np.arange(pool.size))
    assert pool.size == 40
    right = first(batch.images).argmin(axis=1) == batch.labels
    assert right.sum() == 20
    assert len(np.unique(batch.images, axis=0)) == 40


def test_the_third_network_learns_from_patterns_in_dispute(tiny, boost):
    first, second = network_of(boost, "first"), network_of(boost, "second")
    found = found_for(tiny, 2)
    pool = boosted.in_dispute(found, first, second, 40, Watched())
    batch = pool.show(np.arange(pool.size))
    assert (first(batch.images).argmin(axis=1) != second(batch.images).argmin(axis=1)).all()
    everyone = found.pool.show(found.order)
    disputed = first(everyone.images).argmin(axis=1) != second(everyone.images).argmin(axis=1)
    expected = everyone.images[disputed][:40]
    np.testing.assert_array_equal(batch.images, expected)


def test_where_too_few_are_found_all_of_them_have_to_do(tiny, monkeypatch):
    monkeypatch.setattr(boosted, "_CHUNK", 64)
    found = found_for(tiny, 1)
    one_in_twenty = {number for number in found.order.tolist() if number % 20 == 3}
    every = found.pool.show(found.order)
    keys = {image.tobytes(): int(n) for image, n in zip(every.images, found.order, strict=True)}

    def doubt(images, labels):
        del labels
        return np.array([keys[image.tobytes()] in one_in_twenty for image in images])

    kept, passed = found.sift(doubt, 1000, Watched())
    assert set(kept.tolist()) == one_in_twenty
    assert len(kept) + len(passed) == 700
    three, _ = found.sift(doubt, 3, Watched())
    assert three.tolist() == kept[:3].tolist()


def test_a_network_that_never_errs_cannot_be_boosted(tiny):
    found = found_for(tiny, 1)
    answers = iter(found.pool.show(found.order).labels)

    def perfect(images):
        return np.stack([np.arange(10) != next(answers) for _ in images]).astype(np.float32)

    with pytest.raises(ReplicationError, match=r"never misses any .* raise options.candidates"):
        boosted.half_right(found, perfect, 40, Watched())


def test_the_three_networks_differ_from_the_start():
    plain = recipe_of("boosted", BOOSTED, distorted=True).recipe()
    recipes = [plain, boosted.later(plain, 1), boosted.later(plain, 2)]
    assert len({generator(recipe, 0, "initialisation").random() for recipe in recipes}) == 3


def margins_of(penalties):
    two = np.sort(penalties, axis=1)[:, :2]
    return two[:, 1] - two[:, 0]


def test_the_bar_is_the_least_that_loses_no_more_than_allowed():
    random = np.random.default_rng(5)
    labels = random.integers(0, 10, 400).astype(np.uint8)
    right = np.arange(10) == labels[:, None]
    first, together = (
        (random.normal(size=(400, 10)) - share * right).astype(np.float32) for share in (1.5, 3.0)
    )
    margins = margins_of(first)
    missed = (first.argmin(axis=1) != labels) & (together.argmin(axis=1) == labels)
    for percent, allowed in ((0.0, 0), (1.0, 4), (2.49, 9)):
        bar = boosted.bar(first, together, labels, percent)
        assert (missed & (margins > bar)).sum() == allowed
        # At any lower one more is lost.
        assert (missed & (margins >= bar)).sum() == allowed + 1
    assert boosted.bar(first, together, labels, 100.0) < 0


def test_later_networks_are_called_only_where_the_first_is_not_confident(tiny, boost):
    first, second, third = (network_of(boost, n) for n in ("first", "second", "third"))
    images = tiny.test_images
    middle = float(np.median(margins_of(first(images))))

    def shown_few(answer):
        def counted(some):
            assert len(some) == 50
            return answer(some)

        return counted

    committee = boosted.Committee((first, shown_few(second), shown_few(third)), middle)
    penalties, called = committee.answer(images)
    assert called == 2.0
    sure = margins_of(first(images)) > middle
    total = first(images) + second(images) + third(images)
    np.testing.assert_allclose(penalties[~sure], total[~sure], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(penalties[sure], 3 * first(images)[sure], rtol=1e-4, atol=1e-4)


def test_the_answers_follow_from_the_weights_and_the_cost_from_the_calls(tiny, boost):
    fitted, _ = boost
    nets = [network_of(boost, name) for name in ("first", "second", "third")]
    first, second, third = (net(tiny.train_images) for net in nets)
    bar = boosted.bar(first, first + second + third, tiny.train_labels, 5.0)
    first, second, third = (net(tiny.test_images) for net in nets)
    sure = margins_of(first) > bar
    assert 0 < sure.sum() < 100
    expected = np.where(sure[:, None], 3 * first, first + second + third)
    check_against_scores(fitted.answers, -expected)
    called = 1 + 2 * (~sure).mean()
    assert fitted.cost.operations_thousands == pytest.approx(called * LENET4.connections / 1e3)
    assert fitted.cost.memory_thousands == 3 * LENET4.parameters / 1e3
    assert (fitted.parameters, fitted.presentations) == (
        3 * LENET4.parameters,
        3 * 120,
    )
    assert fitted.history.empty


class Restless(Watched):
    """Asks to stop at random moments."""

    def __init__(self, random):
        super().__init__("mine")
        self._random = random

    def _perhaps(self):
        if self._random.random() < 0.15:
            self.stop()

    def line(self, text):
        """A line is when another thread might have asked."""
        super().line(text)
        self._perhaps()

    def check(self):
        """And so is every look."""
        self._perhaps()
        super().check()


def test_interrupted_boosting_goes_on_to_the_same_bytes(paper, tiny, boost, tmp_path, monkeypatch):
    monkeypatch.setattr(boosted, "_CHUNK", 250)
    system = system_of(paper, "boosted", BOOSTED, distorted=True)
    random = np.random.default_rng(11)
    interruptions, seen = 0, set()
    while True:
        try:
            fitted = system.fit(task_of(tiny, tmp_path), Restless(random))
            break
        except Stopped:
            interruptions += 1
            seen.add(len(list(tmp_path.iterdir())))
    assert interruptions > 3
    assert {1, 2} <= seen
    same_bytes(fitted, boost[0])
    assert fitted.cost == boost[0].cost


def test_no_checkpoint_is_left_and_none_goes_before_the_replicate_is_kept(
    tiny, boost, tmp_path, monkeypatch
):
    assert len(list(boost[1].iterdir())) == boosted.NETWORKS
    recipe = recipe_of("boosted", BOOSTED, distorted=True)
    params = settings.parse(small_document(), "params.yaml")
    data = small_project(tmp_path / "project", tiny) / "data"
    folders = Folders.usual(
        **{name: data / name for name in ("raw", "prepared", "paper")},
        **{name: tmp_path / name for name in ("runs", "checkpoints")},
    )
    jobs = [
        replicates.Job(replicates.Experiment("mine", recipe, params.prepare, 10**6, folders), 0)
    ]

    def full(*_):
        raise ReplicationError("the disk is full")

    with monkeypatch.context() as context:
        context.setattr("replication.runs.write_folder", full)
        with pytest.raises(ReplicationError, match="full"):
            replicates.train("mine", jobs, params.train)
    assert len(list(folders.checkpoints.iterdir())) == boosted.NETWORKS
    other = folders.checkpoints / "mine-10-0123456789abcdef-1.npz"
    other.touch()
    assert replicates.train("mine", jobs, params.train) == jobs
    assert list(folders.checkpoints.iterdir()) == [other]


def test_boosting_needs_distorted_patterns(paper):
    with pytest.raises(ReplicationError, match="set distorted to true"):
        system_of(paper, "boosted", BOOSTED)


# --- noise ---------------------------------------------------------------------------------------


NOISE = {"inverted": 0.1, "versions": 20}


def noisy_pool(tiny, replicate=0, versions=20):
    recipe = recipe_of("noisy", NOISE).recipe()
    noise = Noise(inverted=0.1, versions=versions)
    return NoisyPool(tiny.train_images, tiny.train_labels, recipe, replicate, noise, 32)


def flipped(tiny, numbers, images):
    """Which pixels of the field are inverted; all others are checked to be as they were."""
    clean = np.pad(tiny.train_images, ((0, 0), (2, 2), (2, 2)))[np.asarray(numbers) % 200]
    inverted = images != clean
    np.testing.assert_array_equal(images[inverted], 255 - clean[inverted])
    return inverted


def test_a_tenth_of_all_pixels_of_the_field_is_inverted(tiny):
    numbers = np.arange(0, 4000, 10)
    share = flipped(tiny, numbers, noisy_pool(tiny).show(numbers).images).mean(axis=0)
    # 400 patterns: one pixel's share has a standard deviation of 1.5 %, the mean's is 0.05 %.
    assert share.mean() == pytest.approx(0.1, abs=0.003)
    assert 0.02 < share.min() < share.max() < 0.2


def test_a_pattern_has_the_same_noise_whenever_it_is_shown(tiny):
    numbers = np.array([5, 3999, 205, 1234])
    batch = noisy_pool(tiny).show(numbers)
    np.testing.assert_array_equal(batch.labels, tiny.train_labels[numbers % 200])
    for image, number in zip(batch.images, numbers, strict=True):
        alone = noisy_pool(tiny).show(np.array([number])).images[0]
        np.testing.assert_array_equal(image, alone)


def test_versions_patterns_and_replicates_have_noise_of_their_own(tiny):
    numbers = [5, 205, 6]
    images = [noisy_pool(tiny).show(np.array([n])).images for n in numbers]
    images.append(noisy_pool(tiny, replicate=1).show(np.array([5])).images)
    masks = [flipped(tiny, [n], one) for n, one in zip([*numbers, 5], images, strict=True)]
    assert len({mask.tobytes() for mask in masks}) == 4


def test_showing_many_versions_takes_little_more_than_the_images(tiny):
    pool = noisy_pool(tiny, versions=30_000)
    assert pool.size == 6_000_000
    numbers = np.arange(0, pool.size, 6000)
    tracemalloc.start()
    shown = pool.show(numbers)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(shown.images) == 1000
    assert peak < 2 * shown.images.nbytes


def test_a_network_trained_on_noise_answers_patterns_without(paper, tiny, plain, tmp_path):
    fitted = fit(paper, tiny, tmp_path, "noisy", NOISE)
    assert fitted.weights["parameters"].tobytes() != plain.weights["parameters"].tobytes()
    answer = answers_by(recipe_of("noisy", NOISE), fitted.weights["parameters"])
    check_against_scores(fitted.answers, -answer(tiny.test_images))
    wrong = int((fitted.answers.classes != tiny.test_labels).sum())
    assert fitted.history["test_misses"].iloc[-1] == wrong


def test_noise_and_distortions_are_not_combined(paper):
    with pytest.raises(ReplicationError, match="set distorted to false"):
        system_of(paper, "noisy", NOISE, distorted=True)
