"""K nearest neighbours with every choice that the paper leaves open, and what each misses."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from replication.comparison import paper
from replication.comparison.evaluation.errors import find_misses, to_percent
from replication.core.mnist import databases
from replication.core.mnist.databases import Bytes, Database
from replication.core.mnist.versions import CROPPED_SIDE, crop, place_by_extent
from replication.core.settings import Settings
from replication.core.systems.classifier import flat
from replication.core.systems.classifiers.nearest_neighbours import count_votes, find_nearest, tally
from replication.folders import Folders
from replication.studies.neighbours import ERRORS
from replication.studies.neighbours.closest import closest

NEIGHBOURS = (1, 3, 5, 9)
# The first 1,000, 3,000, 7,500, 15,000, 30,000 and 60,000 training patterns.
DIVISORS = (60, 20, 8, 4, 2, 1)


def cuts(regular: Database) -> dict[str, Database]:
    """What "twenty by twenty pixels" may mean for the ``regular`` database.

    The middle of the image; the ink itself, in the middle or in the corner of the field.
    """
    makers: dict[str, Callable[[Bytes], Bytes]] = {
        "cropped": crop,
        "box-centred": lambda images: place_by_extent(images, CROPPED_SIDE, True),
        "box-corner": lambda images: place_by_extent(images, CROPPED_SIDE, False),
    }
    return {
        name: Database(
            make(regular.train_images),
            regular.train_labels,
            make(regular.test_images),
            regular.test_labels,
        )
        for name, make in makers.items()
    }


def majority(labels: NDArray[np.uint8], distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Minus the number of neighbours of each class, (n, classes); arguments as for `count_votes`.

    Of classes with as many, the one with the nearest neighbour has slightly more.
    """
    # Halved from neighbour to neighbour, so that the nearest outweighs all behind it.
    nearer = 0.5 ** np.arange(2, distances.shape[1] + 2)
    return tally(labels, (1.0 + nearer[np.newaxis]).astype(np.float32))


VOTES: Mapping[str, Callable[[NDArray[np.uint8], NDArray[np.float32]], NDArray[np.float32]]] = {
    "majority": majority,
    "weighted": count_votes,
}


def tabulated(name: str, database: Database) -> Iterator[tuple[str, int, int, str, float]]:
    """Rows of `ERRORS` for one database, called ``name``."""
    total = len(database.train_labels)
    images, prototypes = flat(database.test_images), flat(database.train_images)
    for size in (total // divisor for divisor in DIVISORS):
        numbers, distances = find_nearest(images, prototypes[:size], min(max(NEIGHBOURS), size))
        labels = database.train_labels[numbers]
        for count in (count for count in NEIGHBOURS if count <= size):
            for vote, penalties in VOTES.items():
                answers = penalties(labels[:, :count], distances[:, :count]).argmin(axis=1)
                wrong = int(find_misses(answers.astype(np.uint8), database.test_labels).sum())
                yield name, count, size, vote, to_percent(wrong, len(answers))


def table(versions: Mapping[str, Database]) -> pd.DataFrame:
    """The test error of every database, k, number of training patterns and vote."""
    rows = [row for name, database in versions.items() for row in tabulated(name, database)]
    return ERRORS.frame(rows)


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Find which field, k, vote and number of prototypes come nearest to K-NN's published errors.

    Section III-C.2, p. 12.
    """
    # Sums that are split among threads depend on their number.
    threadpool_limits(1)
    versions: dict[str, Database] = {
        name: databases.load(folders.raw, folders.prepared, name)
        for name in settings.prepare.databases
    }
    if "regular" in versions:
        versions |= cuts(versions["regular"])
    tried = table(versions)
    ERRORS.write(folders.out, tried)
    return closest(tried, paper.load(folders.paper))


def summary(nearest_choices: pd.DataFrame) -> str:
    """A line for each published error, with the choice that comes nearest to it."""
    return "\n".join(
        f"{one.row}: published {one.published} %, nearest {one.test_error_percent:.2f} % "
        f"({one.database}, {one.training_patterns} patterns, k {one.neighbours}, {one.vote}); all "
        f"from {one.least:.2f} to {one.greatest:.2f} %"
        for one in nearest_choices.itertuples()
    )
