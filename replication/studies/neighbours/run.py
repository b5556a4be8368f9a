"""K nearest neighbours with every choice that the paper leaves open, and their errors."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product

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
from replication.studies.neighbours import ERRORS, find_closest

NEIGHBOURS = (1, 3, 5, 9)
# The first 1,000, 3,000, 7,500, 15,000, 30,000 and 60,000 training patterns.
DIVISORS = (60, 20, 8, 4, 2, 1)


def crop_database(regular: Database) -> dict[str, Database]:
    """Return what "twenty by twenty pixels" may mean for the ``regular`` database.

    The middle of the image; the ink itself, in the middle or in the corner of the field.
    """
    crops: dict[str, Callable[[Bytes], Bytes]] = {
        "cropped": crop,
        "box-centred": lambda images: place_by_extent(images, CROPPED_SIDE, True),
        "box-corner": lambda images: place_by_extent(images, CROPPED_SIDE, False),
    }
    return {
        name: replace(
            regular, train_images=crop(regular.train_images), test_images=crop(regular.test_images)
        )
        for name, crop in crops.items()
    }


def count_majority(
    labels: NDArray[np.uint8], distances: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return minus the number of neighbours of each class, (n, classes); arguments as of `votes`.

    Of classes with equal numbers, the class of the nearest neighbour has slightly more.
    """
    # Halved from neighbour to neighbour, so that the nearest outweighs all behind it.
    nearer = 0.5 ** np.arange(2, distances.shape[1] + 2)
    return tally(labels, (1.0 + nearer[np.newaxis]).astype(np.float32))


VOTES: Mapping[str, Callable[[NDArray[np.uint8], NDArray[np.float32]], NDArray[np.float32]]] = {
    "majority": count_majority,
    "weighted": count_votes,
}


def tabulate_errors(versions: Mapping[str, Database]) -> pd.DataFrame:
    """Return the test error of every database, k, number of training patterns and vote."""
    rows = []
    for name, database in versions.items():
        total = len(database.train_labels)
        images, prototypes = flat(database.test_images), flat(database.train_images)
        for size in (total // divisor for divisor in DIVISORS):
            numbers, distances = find_nearest(images, prototypes[:size], min(max(NEIGHBOURS), size))
            labels = database.train_labels[numbers]
            for count, (vote, penalties) in product(NEIGHBOURS, VOTES.items()):
                if count <= size:
                    answers = penalties(labels[:, :count], distances[:, :count]).argmin(axis=1)
                    wrong = int(find_misses(answers.astype(np.uint8), database.test_labels).sum())
                    rows.append((name, count, size, vote, to_percent(wrong, len(answers))))
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
        versions |= crop_database(versions["regular"])
    tried = tabulate_errors(versions)
    ERRORS.write(folders.out, tried)
    return find_closest(tried, paper.load(folders.paper))


def summary(nearest_choices: pd.DataFrame) -> str:
    """Return a line for each published error, with the choice nearest to it."""
    return "\n".join(
        f"{row.row}: published {row.published} %, nearest {row.test_error_percent:.2f} % "
        f"({row.database}, {row.training_patterns} patterns, k {row.neighbours}, {row.vote}); all "
        f"from {row.least:.2f} to {row.greatest:.2f} %"
        for row in nearest_choices.itertuples()
    )
