"""Boosted LeNet-4s: which patterns each network learns from, and what the three together answer."""

import numpy as np
import pytest
from fitting import (
    LENET4,
    Watched,
    answers_by,
    check_against_scores,
    fit,
    recipe_of,
    same_bytes,
    system_of,
    task_of,
)
from small import refused, small_document, small_project

from replication.core import settings
from replication.core.learning.monitor import Stopped
from replication.core.learning.presentations import DistortedPool, generator
from replication.core.systems import boosted, replicates
from replication.errors import ReplicationError
from replication.folders import Folders

BOOSTED = {"patterns": 40, "candidates": 700, "lost_percent": 5.0}


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
    recipe = boosted.later_recipe(
        recipe_of("boosted", BOOSTED, distorted=True).network_recipe(), number
    )
    return boosted.draw_candidates(tiny.train_images, tiny.train_labels, recipe, 0, count, 32)


def test_the_first_network_is_that_of_the_distorted_experiment(paper, tiny, boost, tmp_path):
    alone = fit(paper, tiny, tmp_path, "network", distorted=True)
    first = boost[0].weights["first"]
    assert first.tobytes() == alone.weights["parameters"].tobytes()


def test_candidates_are_new_and_in_random_order(tiny):
    one, other = found_for(tiny, 1), found_for(tiny, 2)
    assert len(one.order) == len(set(one.order.tolist())) == 700
    assert one.pool.size == 800
    assert one.order.tolist() != sorted(one.order.tolist())
    recipe = recipe_of("boosted", BOOSTED, distorted=True).network_recipe()
    draw = generator(recipe, 0, "distortions")
    first = DistortedPool(tiny.train_images, tiny.train_labels, 200, recipe.distortions, draw, 32)
    numbers = np.arange(200, 800)
    shown = [pool.show(numbers).images for pool in (first, one.pool, other.pool)]
    for images, others in ((shown[0], shown[1]), (shown[0], shown[2]), (shown[1], shown[2])):
        assert (images != others).any(axis=(1, 2)).mean() > 0.99


def test_the_second_network_learns_from_patterns_of_which_half_are_right(tiny, boost):
    first = network_of(boost, "first")
    pool = boosted.select_half_right(found_for(tiny, 1), first, 40, Watched())
    batch = pool.show(np.arange(pool.size))
    assert pool.size == 40
    right = first(batch.images).argmin(axis=1) == batch.labels
    assert right.sum() == 20
    assert len(np.unique(batch.images, axis=0)) == 40


def test_the_third_network_learns_from_patterns_in_dispute(tiny, boost):
    first, second = network_of(boost, "first"), network_of(boost, "second")
    found = found_for(tiny, 2)
    pool = boosted.select_disputed(found, first, second, 40, Watched())
    batch = pool.show(np.arange(pool.size))
    assert (first(batch.images).argmin(axis=1) != second(batch.images).argmin(axis=1)).all()
    everyone = found.pool.show(found.order)
    disputed = first(everyone.images).argmin(axis=1) != second(everyone.images).argmin(axis=1)
    expected = everyone.images[disputed][:40]
    np.testing.assert_array_equal(batch.images, expected)


def test_a_network_that_never_errs_cannot_be_boosted_nor_one_without_distortions(tiny, paper):
    found = found_for(tiny, 1)
    answers = iter(found.pool.show(found.order).labels)

    def perfect(images):
        return np.stack([np.arange(10) != next(answers) for _ in images]).astype(np.float32)

    with refused("options.candidates"):
        boosted.select_half_right(found, perfect, 40, Watched())
    with refused("distorted"):
        system_of(paper, "boosted", BOOSTED)


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
        bar = boosted.confidence_threshold(first, together, labels, percent)
        assert (missed & (margins > bar)).sum() == allowed
        # At any lower one more is lost.
        assert (missed & (margins >= bar)).sum() == allowed + 1
    assert boosted.confidence_threshold(first, together, labels, 100.0) < 0


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
    bar = boosted.confidence_threshold(first, first + second + third, tiny.train_labels, 5.0)
    first, second, third = (net(tiny.test_images) for net in nets)
    sure = margins_of(first) > bar
    assert 0 < sure.sum() < 100
    expected = np.where(sure[:, None], 3 * first, first + second + third)
    check_against_scores(fitted.answers, -expected)
    called = 1 + 2 * (~sure).mean()
    assert fitted.cost.operations_thousands == pytest.approx(called * LENET4.connections / 1e3)
    assert fitted.cost.memory_thousands == 3 * LENET4.parameters / 1e3
    assert (fitted.parameters, fitted.presentations) == (3 * LENET4.parameters, 3 * 120)
    assert fitted.history.empty


class Restless(Watched):
    """Asks to stop at random moments: at a line, as another thread might, and at every look."""

    def __init__(self, random):
        super().__init__("mine")
        self._random = random

    def _perhaps(self):
        if self._random.random() < 0.15:
            self.stop()

    def line(self, text):
        super().line(text)
        self._perhaps()

    def check(self):
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
    project = small_project(tmp_path / "project", tiny)
    folders = Folders.below(project, runs=tmp_path / "runs", checkpoints=tmp_path / "checkpoints")
    experiment = replicates.Experiment("mine", recipe, recipe.inputs, 10**6, folders)
    jobs = [replicates.Job(experiment, 0)]

    def full(*_):
        raise ReplicationError("the disk is full")

    with monkeypatch.context() as context:
        context.setattr("replication.files.write_folder", full)
        with refused("the disk is full"):
            replicates.train("mine", jobs, params.train)
    assert len(list(folders.checkpoints.glob("*.npz"))) == boosted.NETWORKS
    other = folders.checkpoints / "mine-10-0123456789abcdef-1.npz"
    other.touch()
    assert replicates.train("mine", jobs, params.train) == jobs
    assert list(folders.checkpoints.iterdir()) == [other]
