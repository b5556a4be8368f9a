"""predict: classify your own digits with committed weights."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
from numpy.typing import NDArray

from replication.comparison import paper
from replication.comparison.evaluation.errors import target_percent
from replication.comparison.evaluation.recomputed import RecordedNetwork, base_settings
from replication.core.runs import ANSWERS, RECORD, WEIGHTS, Run, read_weights
from replication.core.settings import load
from replication.core.systems.contract import answers_from_penalties
from replication.errors import ReplicationError
from replication.extras import own_digits
from replication.extras.trained import ANSWERS_ALONE, find_threshold
from replication.folders import PLACES, Folders, path_option
from replication.folders import WEIGHTS as USUAL_WEIGHTS
from replication.pipeline.options import settings_options

UNREADABLE = 2
Form = TypeVar("Form")


def describe(name: str, penalties: NDArray[np.float32], limit: float | None, target: float) -> str:
    """Return the text for an image: ``penalties`` are (1, classes), ``limit`` as of `threshold`."""
    answer = answers_from_penalties(penalties)
    margin = float(answer.margins[0])
    line = f"{name}: {int(answer.classes[0])}, margin {margin:.2f}"
    if limit is not None:
        verdict = "rejected" if margin <= limit else "accepted"
        line += f", {verdict} at {target:g} % error (rejected up to {max(limit, 0.0):.2f})"
    values = "  ".join(f"{number}: {value:.2f}" for number, value in enumerate(penalties[0]))
    return f"{line}\n  penalties  {values}"


def describe_for_program(
    name: str, penalties: NDArray[np.float32], limit: float | None, target: float
) -> dict[str, Any]:
    """Return what `describe` says, by name; without a ``limit`` nothing is said of rejection."""
    answer = answers_from_penalties(penalties)
    margin = float(answer.margins[0])
    rejection = {} if limit is None else {
        "rejected": margin <= limit, "margin_rejected_up_to": max(limit, 0.0),
        "target_error_percent": target,
    }  # fmt: skip
    return {"name": name, "class": int(answer.classes[0]), "margin": margin,
            "penalties": penalties[0].tolist(), **rejection}  # fmt: skip


def _load_network(weights: Path, folders: Folders, published: paper.Paper) -> RecordedNetwork:
    """Return the network of the weights by the record beside them, or else by the base recipe."""
    if weights.is_dir():
        raise ReplicationError(f"{weights} is a folder: name the file {WEIGHTS} in it")
    run = Run(weights.parent)
    if run.has(RECORD):
        trained = RecordedNetwork(run.record["settings"], published, run.path(RECORD))
    else:
        trained = RecordedNetwork(base_settings(load(folders.params)), published, folders.params)
    if trained.system not in ANSWERS_ALONE:
        raise ReplicationError(
            f"{weights} is of the system {trained.system}, which does not answer by one "
            "network's output layer: name weights of another experiment"
        )
    if trained.database != "regular":
        raise ReplicationError(
            f"{weights} is of a network for the {trained.database} database, but own digits "
            "are made like the regular one: name weights of another experiment"
        )
    return trained


def _read_parameters(run: Run, weights: Path, parameters: int) -> NDArray[np.float32]:
    if weights.name == WEIGHTS:
        return run.weights(parameters)
    try:
        return read_weights(weights, parameters)
    except ReplicationError as error:  # whose remedy is for a file of ours
        why = "is no file of" if weights.exists() else "is missing: name a file with"
        raise ReplicationError(
            f"{weights} {why} {parameters} weights, such as {PLACES['runs']}/{USUAL_WEIGHTS}"
        ) from error


def classify(
    folders: Folders, weights: Path, images: Sequence[Path],
    form: Callable[[str, NDArray[np.float32], float | None, float], Form],
) -> Iterator[Form | ReplicationError]:  # fmt: skip
    """Yield for each digit of the images what ``form`` makes of it, or why it cannot be read.

    ``form`` takes what `describe` does. Raises ReplicationError when the weights cannot be used.
    """
    published = paper.load(folders.paper)
    trained = _load_network(weights, folders, published)
    run = Run(weights.parent)
    parameters = _read_parameters(run, weights, trained.network.parameters)
    target = target_percent(published)
    limit = find_threshold(run, folders, target)
    for found in chain.from_iterable(map(own_digits.read_digits, images)):
        if isinstance(found, ReplicationError):
            yield found
        else:
            name, pattern = found
            penalties = trained.penalties(parameters, pattern[np.newaxis])
            yield form(name, penalties, limit, target)


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@path_option(
    "--weights", f"{PLACES['runs']}/{USUAL_WEIGHTS}", "The weights of the network that answers."
)
@click.option("--json", "as_json", is_flag=True, help="A list of objects, for a program.")
@settings_options()
def command(folders: Folders, images: tuple[Path, ...], weights: Path | None, as_json: bool) -> int:
    """Classify the digits in each of IMAGES, and on each of their pages, with committed weights.

    An image may be of any size up to 50 million pixels, in colour or grey, dark on bright or bright
    on dark, and lit unevenly. Specks, grain, a desk around the sheet and lines that touch no digit
    are left out; digits may stand apart in rows. Printed are the class, the ten penalties (the
    least wins), the margin to the second best, and whether the answer would be rejected at the
    threshold that leaves Figure 10's error among the accepted test patterns. Ends with status 2
    when a page cannot be read, which is said and not answered; the others are answered.
    """
    status, weights = 0, weights or folders.runs / USUAL_WEIGHTS
    form: Callable[..., Any] = describe_for_program if as_json else describe
    objects = []
    for answer in classify(folders, weights, images, form):
        if isinstance(answer, ReplicationError):
            print(f"replication: {answer}", file=sys.stderr)
            status = UNREADABLE
        elif as_json:
            objects.append(answer)
        else:
            print(answer)
    if as_json:
        print(json.dumps(objects, indent=2))
    elif not Run(weights.parent).has(ANSWERS):
        print(f"no answers.npz beside {weights}, so no margin for rejection is known")
    return status
