import shutil

import numpy as np
import pytest
from raw_files import write_raw

from replication.comparison.evaluation import database_summary as described
from replication.core.mnist import databases, idx
from replication.core.settings import Prepare
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.pipeline import prepare as stage

NAMES = ("regular", "deslanted", "sixteen")


@pytest.fixture(scope="module")
def settings(paper):
    return Prepare(
        background=paper.claims["input.background"].value,
        foreground=paper.claims["input.foreground"].value,
        field=paper.claims["lenet5.input"].value,
        databases=NAMES,
    )


@pytest.fixture
def folders(repository, tmp_path, tiny):
    """A project with the settings and the tiny database, not yet prepared."""
    write_raw(tmp_path / "data/raw", tiny)
    (tmp_path / "data/paper").mkdir()
    shutil.copyfile(repository / "params.yaml", tmp_path / "params.yaml")
    return Folders.below(tmp_path)


def run(folders):
    stage.command.main(["--root", str(folders.root)], standalone_mode=False)


def test_summary_of_mnist_has_the_published_counts(regular, settings, paper):
    said = described.summarise(regular, settings)
    assert said["training_patterns"] == paper.claims["data.train"].value
    assert said["test_patterns"] == paper.claims["data.test"].value
    assert sum(said["training_labels"]) == said["training_patterns"]
    assert sum(said["test_labels"]) == said["test_patterns"]


def test_mean_of_mnist_is_roughly_0_and_variance_far_from_1(regular, settings):
    said = described.summarise(regular, settings)
    assert said["mean"] == pytest.approx(0.0275, abs=1e-4)
    assert said["variance"] == pytest.approx(0.1231, abs=1e-4)


def test_mnist_is_centred_by_mass_half_a_pixel_beyond_the_middle(regular):
    said = described.measure_centring(regular.train_images)
    assert said["mean_x"] == pytest.approx(0.5, abs=0.01)
    assert said["mean_y"] == pytest.approx(0.5, abs=0.01)
    assert said["largest_distance"] < 1.5


@pytest.mark.parametrize("name", NAMES)
def test_mean_and_variance_are_those_of_the_network_inputs(tiny, settings, name):
    database = databases.derive(name, tiny)
    table = databases.grey_levels(settings.background, settings.foreground)
    inputs = databases.make_inputs(database.train_images, settings.field, table).astype(np.float64)
    alone = table[database.train_images].astype(np.float64)
    said = described.summarise(database, settings)
    assert said["mean"] == pytest.approx(inputs.mean(), abs=1e-6)
    assert said["variance"] == pytest.approx(inputs.var(), abs=1e-6)
    assert said["image_mean"] == pytest.approx(alone.mean(), abs=1e-6)
    assert said["image_variance"] == pytest.approx(alone.var(), abs=1e-6)


def test_centring_is_the_distance_from_the_middle_of_the_field():
    images = np.zeros((3, 28, 28), np.uint8)
    images[0, 13:15, 13:15] = 9
    images[1, 13 + 4, 13 + 3] = images[1, 14 + 4, 14 + 3] = 50
    said = described.measure_centring(images)
    assert said["mean_distance"] == 2.5
    assert said["largest_distance"] == 5.0
    assert (said["mean_x"], said["mean_y"]) == (1.5, 2.0)


def test_prepare_states_what_load_makes(folders, tiny, capsys):
    run(folders)
    assert [path.name for path in folders.prepared.iterdir()] == ["summary.json"]
    printed = capsys.readouterr().out
    for name in NAMES:
        loaded = databases.load(folders.raw, folders.prepared, name)
        assert loaded.sha256() == databases.derive(name, tiny).sha256()
        assert f"{name}: 200 training and 100 test patterns" in printed


def test_prepare_with_a_missing_raw_file_writes_nothing(folders):
    (folders.raw / idx.TEST_LABELS).unlink()
    with pytest.raises(ReplicationError, match=r"t10k-labels-idx1-ubyte\.gz is missing"):
        run(folders)
    assert not folders.prepared.exists()


def test_field_too_small_for_the_images_is_refused(tiny, settings):
    small = settings.model_copy(update={"field": 24})
    with pytest.raises(ReplicationError, match="28x28"):
        described.summarise(tiny, small)
