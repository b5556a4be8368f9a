"""What all trainings take, today and with the earlier code, computed from short ones in turns.

An experiment with a network is fitted as its system fits it, but for a pass or two of a few
patterns. With s seconds before and after, v per pass (curvatures and test patterns) and u per
pattern, E passes of N patterns take s + E (N u + v), and three short trainings give u, v and s.
All seconds are (2, turns): today's code and the earlier one's.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from replication.comparison.verdicts.benchmark import Sum, Whole
from replication.core.settings import Classifier, Combined, Modern, Recipe, Settings
from replication.errors import ReplicationError
from replication.files import read_json
from replication.folders import Folders
from replication.studies.bench import Series, summarise
from replication.studies.bench.processes import TREE, Process, get_last_core

TESTS = 10_000
# The classifier that begins with the machines of another one, which today's code fits once.
_REUSED = {"reduced-support-vectors": "virtual-support-vectors"}
_OF_MACHINES = ("degree", "constant", "regularisation", "shift")
Record = Callable[[str, int], float]  # mean seconds of an experiment's replicates, by the records
Timings = Mapping[str, Series]  # CPU seconds by the name of a short fit


class Short(NamedTuple):
    """How short the trainings are: patterns, test patterns of last layers, boosting's candidates.

    ``repeats`` says how often each is timed, in turns.
    """

    repeats: int
    few: int
    many: int
    few_tests: int
    more_tests: int
    few_candidates: int
    more_candidates: int


STANDARD = Short(5, 500, 6500, 200, 1200, 5000, 20_000)


def list_short_fits(recipe: Recipe | Combined, short: Short) -> dict[str, dict[str, int]]:
    """Return the short fits from which a whole one is computed, as arguments of `Worker.fit`."""
    base = {"passes": 1, "patterns": short.few}
    if recipe.system == "last-layer":
        return {"base": {**base, "tests": short.few_tests},
                "more": {**base, "tests": short.more_tests}}  # fmt: skip
    boosted = recipe.system == "boosted"
    if boosted:
        base["candidates"] = short.few_candidates
    fits = {
        "base": base,
        "longer": {**base, "patterns": short.many},
        "twice": {**base, "passes": 2},
    }
    return fits | ({"more": {**base, "candidates": short.more_candidates}} if boosted else {})


def compute_network(timings: Timings, recipe: Recipe | Combined, short: Short) -> Series:
    """Return the seconds of one replicate from its short fits; not for last layers."""
    base = timings["base"]
    pattern = (timings["longer"] - base) / (short.many - short.few)
    a_pass = timings["twice"] - base - short.few * pattern
    rest = base - a_pass - short.few * pattern
    total = rest + recipe.passes * (recipe.presentations_per_pass * pattern + a_pass)
    if isinstance(recipe, Combined) and recipe.system == "boosted":
        candidate = (timings["more"] - base) / (short.more_candidates - short.few_candidates)
        total = total + (int(recipe.options["candidates"]) - short.few_candidates) * candidate
    return total


def compute_last_layer(timings: Timings, network: Timings, short: Short) -> Series:
    """Return the seconds that one replicate takes in addition to its network's."""
    test = (timings["more"] - timings["base"]) / (short.more_tests - short.few_tests)
    return timings["base"] + (TESTS - short.few_tests) * test - network["base"]


def choose_representatives(settings: Settings) -> dict[str, str]:
    """Return for each experiment with a network the first with the same work per pattern."""
    first: dict[str, str] = {}
    result = {}
    for name, recipe in settings.experiments.items():
        if isinstance(recipe, Recipe | Combined):
            options = recipe.options if isinstance(recipe, Combined) else {}
            work = [recipe.system, recipe.network, recipe.database, recipe.distorted, options]
            result[name] = first.setdefault(json.dumps(work, sort_keys=True, default=str), name)
    return result


def find_network(name: str, settings: Settings) -> str:
    """Return the experiment that trains the network of a last-layer experiment alone."""
    recipe = settings.experiment(name)
    if isinstance(recipe, Combined):
        training = recipe.network_recipe().training(subsampled=True)
        for candidate, entry in settings.experiments.items():
            if isinstance(entry, Recipe) and entry.training(subsampled=True) == training:
                return candidate
    raise ReplicationError(
        f"params.yaml: no experiment trains the network of {name} alone, so that bench cannot tell "
        "what its last layer takes: add one with the same settings"
    )


def read_recorded(earlier: Path, experiment: str, replicates: int) -> float:
    """Return the mean seconds of one replicate by the records of the earlier commit."""
    runs = earlier / "results" / "runs" / experiment
    paths = [runs / str(number) / "timing.json" for number in range(replicates)]
    times = [float(read_json(path, "git checkout")["seconds"]) for path in paths if path.exists()]
    if not times:
        raise ReplicationError(
            f"the earlier commit has no record of {experiment}, so bench cannot tell what it took: "
            "time without --passes"
        )
    return sum(times) / len(times)


def add_replicates(
    settings: Settings, short: Short, measured: Mapping[str, Timings], record: Record
) -> dict[str, Series]:
    """Return the seconds of all replicates of each experiment.

    Today's code trains a network once that several experiments begin with, and fits machines once.
    """
    representatives = choose_representatives(settings)
    shape = next(iter(measured.values()))["base"].shape
    result: dict[str, Series] = {}
    trained: dict[str, int] = {}  # how many replicates of a network there are already
    for name, recipe in settings.experiments.items():
        count = recipe.replicates
        if isinstance(recipe, Classifier | Modern):
            seconds = record(name, count)
            new = seconds - _get_reused_seconds(name, settings, record)
            result[name] = count * np.broadcast_to([[new], [seconds]], shape)
            continue
        network = find_network(name, settings) if recipe.system == "last-layer" else name
        timings = measured[representatives[network]]
        before = trained.get(network, 0)
        networks = np.array([[max(0, count - before)], [count]])
        result[name] = networks * compute_network(timings, recipe, short)
        if network != name:
            last = compute_last_layer(measured[representatives[name]], timings, short)
            result[name] = result[name] + count * last
        trained[network] = max(count, before)
    return result


def _get_reused_seconds(name: str, settings: Settings, record: Record) -> float:
    """Return recorded seconds spent on machines that another experiment fits as well."""
    recipe = settings.experiment(name)
    for candidate, entry in settings.experiments.items():
        if (
            isinstance(recipe, Classifier)
            and isinstance(entry, Classifier)
            and entry.system == _REUSED.get(recipe.system)
            and all(recipe.options.get(key) == entry.options.get(key) for key in _OF_MACHINES)
        ):
            return min(record(candidate, entry.replicates), record(name, recipe.replicates))
    return 0.0


def total_seconds(
    target: str, folders: Folders, earlier: Path, settings: Settings, short: Short
) -> Whole:
    """Return what all trainings take with the kernels compiled for ``target``."""
    representatives = choose_representatives(settings)
    measured = {}
    with (
        Process(TREE, folders, target, get_last_core()) as today,
        Process(earlier, Folders.below(earlier), target, get_last_core()) as before,
    ):
        facts = today.ask("facts")
        for name in dict.fromkeys(representatives.values()):
            fits = list_short_fits(settings.experiment(name), short)  # type: ignore[arg-type]
            turns = np.array([
                [[float(process.ask("fit", experiment=name, **arguments))
                  for process in (today, before)] for arguments in fits.values()]
                for _ in range(short.repeats + 1)
            ])[1:]  # the first compiles  # fmt: skip
            print(f"{target}: {name} timed", flush=True)
            measured[name] = dict(zip(fits, turns.transpose(1, 2, 0), strict=True))
    seconds = add_replicates(settings, short, measured, partial(read_recorded, earlier))

    def add(names: Sequence[str]) -> Sum:
        today, earlier = np.sum([seconds[name] for name in names], axis=0)
        return Sum.model_validate({
            "replicates": sum(settings.experiment(name).replicates for name in names),
            "cpu_seconds": summarise(today),
            "cpu_seconds_of_earlier": summarise(earlier),
            "time_as_share_of_earlier": summarise(today / earlier),
        })  # fmt: skip

    return Whole(
        processor=facts["processor"],
        compiled_for=facts["compiled_for"],
        how=f"fits of 1 pass of {short.few} and of {short.many} patterns and of 2 passes of "
        f"{short.few}, {short.repeats} turns, scaled up to all passes and replicates; what "
        "experiments share is counted once for today's code",
        experiments={name: add([name]) for name in seconds},
        measured_alike={name: first for name, first in representatives.items() if first != name},
        recorded=tuple(name for name in seconds if name not in representatives),
        networks_of_replicate_all=add(list(representatives)),
        all_replicates=add(list(seconds)),
    )
