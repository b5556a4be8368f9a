"""What the databases are like: counts, labels, mean and variance of the inputs, and the centring.

Claims of pages 7 and 10 are about these. The raw files' sums are checked on the way.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from replication.core.mnist import databases, versions
from replication.core.mnist.databases import Bytes, Database, Levels
from replication.core.settings import Inputs, Settings

_DIGITS = 10
# A millionth of a grey level or of a pixel: below anything the numbers mean, above rounding.
_DECIMALS = 6


def summarise_databases(raw: Path, settings: Settings) -> dict[str, Any]:
    """Return the summary, as it stands in the JSON file, of the databases in ``settings``.

    Raises ReplicationError for a raw file that is missing or damaged and for a field too small.
    """
    regular = databases.read_raw(raw)
    return {
        "version": databases.VERSION,
        "databases": {
            name: summarise(
                databases.derive(name, regular), settings.prepare.field, settings.base.inputs
            )
            for name in settings.prepare.databases
        },
    }


def summarise(database: Database, field: int, inputs: Inputs) -> dict[str, Any]:
    """Return what ``summary.json`` says of one database.

    mean and variance are those of the training set's inputs in the field x field that a network
    sees; image_mean and image_variance leave the margin out.
    """
    images = database.train_images
    count, height, width = images.shape
    databases.margins(field, height, width)
    table = databases.grey_levels(*inputs.ends)
    margin = count * (field**2 - height * width)
    mean, variance = _mean_and_variance(images, table, margin)
    image_mean, image_variance = _mean_and_variance(images, table, 0)
    return {
        "sha256": database.sha256(),
        "training_patterns": count,
        "test_patterns": len(database.test_images),
        "height": height,
        "width": width,
        "training_labels": _label_counts(database.train_labels),
        "test_labels": _label_counts(database.test_labels),
        "mean": mean,
        "variance": variance,
        "image_mean": image_mean,
        "image_variance": image_variance,
        "centre_of_mass": {
            "training": measure_centring(images),
            "test": measure_centring(database.test_images),
        },
    }


def measure_centring(images: Bytes) -> Mapping[str, float]:
    """Measure how far each image's centre of mass is from the centre of its field.

    In pixels; the centre of a 28x28 field is (13.5, 13.5), pixels counted from 0. mean_x and mean_y
    are signed (positive: right, down), mean_distance and largest_distance Euclidean. Images without
    ink have no centre of mass and are left out.
    """
    ink, ink_x, ink_y = versions.measure_moments(images)
    inked = ink > 0
    x = ink_x[inked] / ink[inked] - (images.shape[2] - 1) / 2
    y = ink_y[inked] / ink[inked] - (images.shape[1] - 1) / 2
    distance = np.sqrt(x * x + y * y)
    return {
        "mean_x": _mean(x),
        "mean_y": _mean(y),
        "mean_distance": _mean(distance),
        "largest_distance": round(float(distance.max(initial=0.0)), _DECIMALS),
    }


def _mean(values: npt.NDArray[np.float64]) -> float:
    return round(math.fsum(values) / max(len(values), 1), _DECIMALS)


def _mean_and_variance(images: Bytes, table: Levels, margin: int) -> tuple[float, float]:
    """Return both for all pixels' inputs and ``margin`` background pixels, from level counts.

    Exactly, and without the 245 MB that the inputs themselves would take.
    """
    counts = np.bincount(images.reshape(-1), minlength=len(table))
    counts[0] += margin
    levels = table.astype(np.float64)
    pixels = int(counts.sum())
    mean = math.fsum(counts * levels) / pixels
    variance = math.fsum(counts * (levels - mean) ** 2) / pixels
    return round(mean, _DECIMALS), round(variance, _DECIMALS)


def _label_counts(labels: Bytes) -> list[int]:
    return [int(count) for count in np.bincount(labels, minlength=_DIGITS)]
