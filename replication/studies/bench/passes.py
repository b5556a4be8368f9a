"""What all trainings take, today and with the earlier code, computed from short ones in turns.

An experiment with a network is fitted as its system fits it, but for a pass or two of a few
patterns. With s seconds before and after, v a pass (curvatures and test patterns) and u a pattern,
E passes of N patterns take s + E (N u + v), and three short trainings give u, v and s.
"""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from replication.comparison.verdicts.benchmark import Sum, Whole
from replication.core.settings import Classifier, Combined, Modern, Recipe, Settings
from replication.core.systems.contract import Task
from replication.errors import ReplicationError
from replication.files import read_json
from replication.folders import Folders
from replication.studies.bench.figures import Series, quotients, spread
from replication.studies.bench.processes import TREE, Process, last_core

TESTS = 10_000
# The classifier that begins with the machines of another one, which today's code fits once.
_REUSED = {"reduced-support-vectors": "virtual-support-vectors"}
_OF_MACHINES = ("degree", "constant", "regularisation", "shift")


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
Trained = Recipe | Combined
# CPU seconds by the name of a short fit, one a turn; of today's code and of the earlier one.
Timings = dict[str, Series]
Pair = tuple[Series, Series]


def sizes(recipe: Trained, short: Short) -> dict[str, dict[str, int]]:
    """The short fits that say what a whole one takes, by name, as arguments of `Worker.fit`."""
    base = {"passes": 1, "patterns": short.few}
    if recipe.system == "last-layer":
        return {
            "base": {**base, "tests": short.few_tests},
            "more": {**base, "tests": short.more_tests},
        }
    if recipe.system == "boosted":
        base["candidates"] = short.few_candidates
    result = {
        "base": base,
        "longer": {**base, "patterns": short.many},
        "twice": {**base, "passes": 2},
    }
    if recipe.system == "boosted":
        result["more"] = {**base, "candidates": short.more_candidates}
    return result


def of_network(timings: Timings, recipe: Trained, short: Short) -> Series:
    """Seconds of one replicate, turn by turn, from its short fits; not for last layers."""
    result = []
    for turn, base in enumerate(timings["base"]):
        pattern = (timings["longer"][turn] - base) / (short.many - short.few)
        a_pass = timings["twice"][turn] - base - short.few * pattern
        rest = base - a_pass - short.few * pattern
        total = rest + recipe.passes * (recipe.presentations_per_pass * pattern + a_pass)
        if isinstance(recipe, Combined) and recipe.system == "boosted":
            more = short.more_candidates - short.few_candidates
            candidate = (timings["more"][turn] - base) / more
            candidates = int(recipe.options["candidates"])
            total += (candidates - short.few_candidates) * candidate
        result.append(total)
    return result


def of_last_layer(timings: Timings, network: Timings, short: Short) -> Series:
    """Seconds that one replicate takes beside those of its network, turn by turn."""
    more = short.more_tests - short.few_tests
    return [
        base + (TESTS - short.few_tests) * (longer - base) / more - below
        for base, longer, below in zip(
            timings["base"], timings["more"], network["base"], strict=True
        )
    ]


def representatives(settings: Settings) -> dict[str, str]:
    """Of each experiment with a network, the first that does the same work a pattern and a pass."""
    first: dict[str, str] = {}
    result = {}
    for name, recipe in settings.experiments.items():
        if isinstance(recipe, Recipe | Combined):
            chosen = recipe.options if isinstance(recipe, Combined) else {}
            work = [recipe.system, recipe.network, recipe.database, recipe.distorted, chosen]
            result[name] = first.setdefault(json.dumps(work, sort_keys=True, default=str), name)
    return result


def network_below(name: str, settings: Settings) -> str:
    """The experiment that trains the network of a last-layer experiment alone."""
    recipe = settings.experiment(name)
    if isinstance(recipe, Combined):
        wanted = recipe.network_recipe().training(subsampled=True)
        for candidate, entry in settings.experiments.items():
            if isinstance(entry, Recipe) and entry.training(subsampled=True) == wanted:
                return candidate
    raise ReplicationError(
        f"params.yaml: no experiment trains the network of {name} alone, so that bench cannot tell "
        "what its last layer takes: add one with the same settings"
    )


def timed(
    target: str, folders: Folders, earlier: Path, settings: Settings, short: Short
) -> dict[str, tuple[Timings, Timings]]:
    """The short fits of each representative by today's code and the earlier one, in turns."""
    result = {}
    with (
        Process(TREE, folders, target, last_core()) as today,
        Process(earlier, Folders.below(earlier), target, last_core()) as before,
    ):
        for name in dict.fromkeys(representatives(settings).values()):
            recipe: Any = settings.experiment(name)
            both: tuple[Timings, Timings] = ({}, {})
            for turn in range(short.repeats + 1):
                for size, arguments in sizes(recipe, short).items():
                    for process, timings in zip((today, before), both, strict=True):
                        seconds = float(process.ask("fit", experiment=name, **arguments))
                        if turn:  # the first compiles
                            timings.setdefault(size, []).append(seconds)
            print(f"{target}: {name} timed", flush=True)
            result[name] = both
    return result


def recorded(earlier: Path, experiment: str, replicates: int) -> float:
    """Seconds of one replicate, on average, by the records of the earlier commit."""
    runs = earlier / "results" / "runs" / experiment
    paths = [runs / str(number) / "timing.json" for number in range(replicates)]
    known = [float(read_json(path, "git checkout")["seconds"]) for path in paths if path.exists()]
    if not known:
        raise ReplicationError(
            f"the earlier commit has no record of {experiment}, so bench cannot tell what it took: "
            "time without --passes"
        )
    return sum(known) / len(known)


def totals(
    settings: Settings, short: Short, measured: Mapping[str, tuple[Timings, Timings]],
    record: Callable[[str, int], float], *, sharing: bool,
) -> dict[str, Pair]:  # fmt: skip
    """Seconds of all replicates of each experiment, turn by turn: today's, and the earlier code's.

    ``record`` gives the seconds of a classifier from the records. With ``sharing`` today's code
    trains a network once that several experiments begin with, and fits machines once.
    """
    alike = representatives(settings)
    turns = next(len(timings["base"]) for timings, _ in measured.values())
    result: dict[str, Pair] = {}
    trained: dict[str, int] = {}  # how many replicates of a network there are already
    for name, recipe in settings.experiments.items():
        count = recipe.replicates
        if isinstance(recipe, Classifier | Modern):
            seconds = record(name, count)
            ours = seconds - (_reused(name, settings, record) if sharing else 0.0)
            result[name] = ([count * ours] * turns, [count * seconds] * turns)
            continue
        of = network_below(name, settings) if recipe.system == "last-layer" else name
        both = []
        for side, timings in enumerate(measured[alike[of]]):
            networks = count
            if sharing and side == 0:
                networks = max(0, count - trained.get(of, 0))
            series = [networks * value for value in of_network(timings, recipe, short)]
            if of != name:
                extra = of_last_layer(measured[alike[name]][side], timings, short)
                series = [a + count * b for a, b in zip(series, extra, strict=True)]
            both.append(series)
        trained[of] = max(count, trained.get(of, 0))
        result[name] = (both[0], both[1])
    return result


def _reused(name: str, settings: Settings, record: Callable[[str, int], float]) -> float:
    """Recorded seconds that a classifier spent on machines that another experiment fits as well."""
    recipe = settings.experiment(name)
    if not isinstance(recipe, Classifier) or recipe.system not in _REUSED:
        return 0.0
    for candidate, entry in settings.experiments.items():
        if isinstance(entry, Classifier) and entry.system == _REUSED[recipe.system]:
            chosen = (recipe.options, entry.options)
            machines, same = ([of.get(option) for option in _OF_MACHINES] for of in chosen)
            if machines == same:
                return min(record(candidate, entry.replicates), record(name, recipe.replicates))
    return 0.0


def whole(target: str, folders: Folders, earlier: Path, settings: Settings, short: Short) -> Whole:
    """What all trainings take by the kernels compiled for ``target``; minutes."""
    measured = timed(target, folders, earlier, settings, short)
    sharing = "shared" in Task._fields
    sums = totals(
        settings, short, measured, lambda name, count: recorded(earlier, name, count),
        sharing=sharing,
    )  # fmt: skip
    networks = [name for name in sums if name in representatives(settings)]
    with Process(TREE, folders, target, last_core()) as today:
        facts = today.ask("facts")
    classifiers = [name for name in sums if name not in networks]
    return Whole(
        processor=facts["processor"],
        compiled_for=facts["compiled_for"],
        how=f"fits of 1 pass of {short.few} and of {short.many} patterns and of 2 passes of "
        f"{short.few}, {short.repeats} turns, scaled up to all passes and replicates"
        + ("; what experiments share is counted once for today's code" if sharing else ""),
        experiments={name: _sum([name], sums, settings) for name in sums},
        measured_alike={
            name: first for name, first in representatives(settings).items() if first != name
        },
        recorded=tuple(classifiers),
        networks_of_replicate_all=_sum(networks, sums, settings),
        all_replicates=_sum(list(sums), sums, settings),
    )


def _sum(names: list[str], sums: Mapping[str, Pair], settings: Settings) -> Sum:
    ours, theirs = ([math.fsum(turn) for turn in zip(*(sums[name][side] for name in names),
                                                     strict=True)] for side in (0, 1))  # fmt: skip
    return Sum.model_validate(
        {
            "replicates": sum(settings.experiment(name).replicates for name in names),
            "cpu_seconds": spread(ours),
            "cpu_seconds_of_earlier": spread(theirs),
            "time_as_share_of_earlier": spread(quotients(ours, theirs)),
        }
    )
