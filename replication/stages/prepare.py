"""Stage prepare: data/raw -> data/prepared, the databases of Section III-A and what they are like.

The raw files' sums are checked on the way. ``summary.json`` holds counts, labels, the mean and the
variance of the network's inputs and the centring: claims of pages 7 and 10.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from replication.artifacts import write_json
from replication.mnist import databases, versions
from replication.mnist.databases import Bytes, Database, Levels
from replication.settings import Prepare, load

_DIGITS = 10
# A millionth of a grey level or of a pixel: below anything the numbers mean, above rounding.
_DECIMALS = 6


def prepare(raw: Path, settings: Prepare) -> tuple[dict[str, Database], dict[str, Any]]:
    """Make the databases that ``settings`` names, and their summary as it stands in the JSON file.

    Raises ReplicationError for a raw file that is missing or damaged and for a field too small.
    """
    regular = databases.read_raw(raw)
    made: dict[str, Database] = {
        name: databases.derive(name, regular) for name in settings.databases
    }
    return made, {
        "version": databases.VERSION,
        "databases": {name: summary(database, settings) for name, database in made.items()},
    }


def summary(database: Database, settings: Prepare) -> dict[str, Any]:
    """What ``summary.json`` says of one database.

    mean and variance are those of the training set's inputs in the field x field that a network
    sees; image_mean and image_variance leave the margin out.
    """
    images = database.train_images
    count, height, width = images.shape
    databases.margins(settings.field, height, width)
    table = databases.grey_levels(settings.background, settings.foreground)
    margin = count * (settings.field**2 - height * width)
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
            "training": centring(images),
            "test": centring(database.test_images),
        },
    }


def centring(images: Bytes) -> Mapping[str, float]:
    """How far the centre of mass of each uint8 (n, height, width) image is from its field's centre.

    In pixels; the centre of a 28x28 field is (13.5, 13.5), pixels counted from 0. mean_x and mean_y
    are signed (positive: right, down), mean_distance and largest_distance Euclidean. Images without
    ink have no centre of mass and are left out.
    """
    ink, ink_x, ink_y = versions.moments(images)
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
    """Of the inputs of all pixels and of ``margin`` background pixels, from counts of grey levels.

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


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of the stage: reads params.yaml and data/raw, writes data/prepared."""
    parser = argparse.ArgumentParser(prog="python -m replication prepare", description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    parser.add_argument("--out", type=Path, default=Path("data/prepared"))
    arguments = parser.parse_args(argv)
    made, described = prepare(arguments.raw, load(arguments.params).prepare)
    for name, database in made.items():
        databases.write(arguments.out, name, database)
    # Last, so that a summary never speaks of files that an interrupted run did not write.
    write_json(arguments.out / databases.SUMMARY, described)
    for name, said in described["databases"].items():
        print(
            f"{name}: {said['training_patterns']} training and {said['test_patterns']} test "
            f"patterns of {said['height']}x{said['width']}; inputs of mean {said['mean']:.4f} and "
            f"variance {said['variance']:.4f}"
        )
