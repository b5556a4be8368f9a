from pathlib import Path

import hypothesis
import pytest
from raw_files import write_raw

from replication.comparison import paper as paper_module
from replication.core import settings
from replication.core.mnist import databases
from replication.core.mnist.databases import Database

# No test is timed: the first example may have to wait for the compiler.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

TINY_TRAINING, TINY_TEST = 200, 100


@pytest.fixture(scope="session")
def repository():
    """The root of the repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def paper(repository):
    """data/paper as the code reads it."""
    return paper_module.load(repository / "data" / "paper")


@pytest.fixture(scope="session")
def chosen(repository):
    """params.yaml as the code reads it."""
    return settings.load(repository / "params.yaml")


@pytest.fixture(scope="session")
def regular(repository):
    """MNIST as it is; read only."""
    return databases.read_raw(repository / "data" / "raw")


@pytest.fixture(scope="session")
def tiny(regular):
    """The first 200 training and 100 test patterns of MNIST."""
    return Database(
        regular.train_images[:TINY_TRAINING],
        regular.train_labels[:TINY_TRAINING],
        regular.test_images[:TINY_TEST],
        regular.test_labels[:TINY_TEST],
    )


@pytest.fixture
def tiny_raw(tmp_path, tiny):
    """A sound data/raw folder that holds the tiny database, for a test to damage."""
    return write_raw(tmp_path / "raw", tiny)
