"""The digits of Figure 8 (p. 11): what 1998 answered, and how many of ours err as well."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from replication.report.drawing import Source, Table, table
from replication.report.inputs import Inputs, records


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
        """The digit in words."""
        past = "which 1998 got right" if self.past is None else f"1998 answered {self.past}"
        ours = "" if self.missed is None else f"; {self.missed} of our {self.replicates} miss it"
        return f"a {self.label}, test pattern {self.index}: {past}{ours}"

    @property
    def percent(self) -> float:
        """The share of our replicates that miss it, 0 to 100."""
        return 100.0 * self.missed / self.replicates if self.missed and self.replicates else 0.0


@dataclass(frozen=True)
class Gallery:
    """Figure 8's digits, then those that set 1998 and ours apart.

    experiment is the one whose replicates are counted; empty when neither has been run.
    """

    experiment: str
    replicates: int
    figure8: tuple[Digit, ...]
    only_1998: tuple[Digit, ...]
    only_ours: tuple[Digit, ...]
    table: Table
    sources: tuple[Source, ...]


def gallery(inputs: Inputs) -> Gallery | None:
    """None before `compare` has written misclassified.csv."""
    if inputs.misclassified is None:
        return None
    roles = inputs.choices.experiments
    experiment = next(
        (name for name in (roles.distorted, roles.undistorted) if _counted(inputs, name)), ""
    )
    count = int(inputs.metrics[experiment]["replicates"]) if experiment in inputs.metrics else 0
    usual = _usual_misses(inputs, experiment)
    # A test set that is only a part of MNIST's has not all of them.
    rows_there = [
        row for row in records(inputs.misclassified) if row["test_index"] < len(inputs.labels)
    ]
    digits = [_digit(inputs, row, experiment, count, usual)
              for row in rows_there]  # fmt: skip
    figure8 = tuple(digit for digit in digits if digit.past is not None)
    columns = ("test pattern", "label", "1998", "ours, if wrong", "missed by", "of")
    rows = [(str(one.index), str(one.label), "" if one.past is None else str(one.past),
             "" if one.ours is None else str(one.ours), one.missed, one.replicates)
            for one in digits]  # fmt: skip
    return Gallery(
        experiment,
        count,
        figure8,
        tuple(digit for digit in figure8 if digit.missed == 0),
        tuple(digit for digit in digits if digit.past is None),
        table(columns, rows),
        (
            Source("../misclassified.csv", f"missed_{experiment or '...'} by test_index"),
            Source("../../data/paper/figure8_misclassified.csv", "predicted by test_index"),
        ),
    )


def _counted(inputs: Inputs, experiment: str) -> bool:
    assert inputs.misclassified is not None
    column = f"missed_{experiment}"
    return column in inputs.misclassified and bool(inputs.misclassified[column].notna().all())


def _usual_misses(inputs: Inputs, experiment: str) -> NDArray[np.int64]:
    """How often each pattern (row) got each wrong class (column)."""
    counts = np.zeros((len(inputs.labels), 10), dtype=np.int64)
    for one in inputs.answers(experiment):
        wrong = one.classes != inputs.labels
        np.add.at(counts, (np.flatnonzero(wrong), one.classes[wrong]), 1)
    return counts


def _digit(
    inputs: Inputs,
    row: dict[str, float],
    experiment: str,
    replicates: int,
    usual: NDArray[np.int64],
) -> Digit:
    index = int(row["test_index"])
    share = float(row.get(f"missed_{experiment}", math.nan))
    past = float(row["answer_1998"])
    wrong = usual[index]
    return Digit(
        index=index,
        label=int(row["label"]),
        past=None if math.isnan(past) else int(past),
        missed=None if math.isnan(share) else round(share * replicates),
        replicates=replicates,
        ours=int(wrong.argmax()) if wrong.any() else None,
        image=data_uri(inputs.images[index]),
    )


def data_uri(image: NDArray[np.uint8]) -> str:
    """A PNG of a uint8 (28, 28) pattern, dark ink on white paper, as a ``data:`` URI."""
    stream = io.BytesIO()
    # Sixteen greys are plenty for a thumbnail and halve its size.
    Image.fromarray(255 - (image // 17) * 17).save(stream, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
