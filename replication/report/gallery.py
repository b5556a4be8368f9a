"""The digits of Figure 8 (p. 11): what 1998 answered, and how many of ours err as well."""

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from replication.comparison.figures.drawing import Source, Table, table
from replication.comparison.figures.inputs import Inputs, records


@dataclass(frozen=True)
class Digit:
    """One test pattern.

    Attributes:
        index: 0-based in the test file. label: the right class.
        past: what 1998 answered, None where it was right.
        missed: how many of ``replicates`` of ours miss it; None when none has been run.
        ours: our replicates' most frequent wrong answer, None where there is none.
        image: a ``data:`` URI, ink on paper, 28x28.
    """

    index: int
    label: int
    past: int | None
    missed: int | None
    replicates: int
    ours: int | None
    image: str

    @property
    def alt(self) -> str:
        """Return the digit in words."""
        past = "which 1998 got right" if self.past is None else f"1998 answered {self.past}"
        ours = "" if self.missed is None else f"; {self.missed} of our {self.replicates} miss it"
        return f"a {self.label}, test pattern {self.index}: {past}{ours}"


@dataclass(frozen=True)
class Gallery:
    """Figure 8's digits, then those that only 1998 or only ours miss.

    experiment: whose replicates are counted; empty when none has been run.
    """

    experiment: str
    figure8: tuple[Digit, ...]
    only_1998: tuple[Digit, ...]
    only_ours: tuple[Digit, ...]
    table: Table
    sources: tuple[Source, ...]


def gallery(inputs: Inputs) -> Gallery | None:
    """Return Figure 8's digits; None before `compare` has written misclassified.csv."""
    patterns = inputs.misclassified
    if patterns is None:
        return None
    # A test set that is only a part of MNIST's has not all of them.
    patterns = patterns[patterns["test_index"] < len(inputs.labels)]
    roles = inputs.choices.experiments
    shares = patterns.filter(regex="^missed_").dropna(axis="columns")
    candidates = (roles.distorted, roles.undistorted)
    run = [name for name in candidates if name in inputs.metrics and f"missed_{name}" in shares]
    experiment = run[0] if run else ""
    digits = _read_digits(inputs, records(patterns), experiment)
    figure8 = tuple(digit for digit in digits if digit.past is not None)
    columns = ("test pattern", "label", "1998", "ours, if wrong", "missed by", "of")
    rows = [(d.index, d.label, d.past, d.ours, d.missed, d.replicates) for d in digits]
    return Gallery(
        experiment,
        figure8,
        tuple(digit for digit in figure8 if digit.missed == 0),
        tuple(digit for digit in digits if digit.past is None),
        table(columns, rows),
        (
            Source("../misclassified.csv", f"missed_{experiment or '...'} by test_index"),
            Source("../../data/paper/figure8_misclassified.csv", "predicted by test_index"),
        ),
    )


def _read_digits(inputs: Inputs, rows: list[dict[str, float]], experiment: str) -> list[Digit]:
    counts = np.zeros((len(inputs.labels), 10), dtype=np.int64)  # of each wrong answer
    for answers in inputs.answers(experiment):
        wrong = np.flatnonzero(answers.classes != inputs.labels)
        np.add.at(counts, (wrong, answers.classes[wrong]), 1)
    replicates = int(inputs.metrics[experiment]["replicates"]) if experiment else 0
    digits = []
    for row in rows:
        index, past = int(row["test_index"]), float(row["answer_1998"])
        digits.append(
            Digit(
                index=index,
                label=int(row["label"]),
                past=None if math.isnan(past) else int(past),
                missed=round(row[f"missed_{experiment}"] * replicates) if experiment else None,
                replicates=replicates,
                ours=int(counts[index].argmax()) if counts[index].any() else None,
                image=data_uri(inputs.images[index]),
            )
        )
    return digits


def data_uri(image: NDArray[np.uint8]) -> str:
    """Return a PNG of a uint8 (28, 28) pattern, dark ink on white paper, as a ``data:`` URI."""
    stream = io.BytesIO()
    # Sixteen greys are plenty for a thumbnail and halve its size.
    Image.fromarray(255 - (image // 17) * 17).save(stream, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
