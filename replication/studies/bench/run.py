"""Times everything in turn and writes results/bench.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click

from replication.errors import ReplicationError
from replication.files import write_json
from replication.folders import Folders
from replication.mnist.databases import read_raw
from replication.settings import Modern, Settings
from replication.studies.bench import BANDWIDTH, EARLIER, FILE, NETWORKS, PEAK
from replication.studies.bench.earlier import Earlier, fetch
from replication.studies.bench.figures import Series, figures, quotients, rounded, said, spread
from replication.studies.bench.peak import bandwidth, facts, peak_memory_mebibytes, peaks, seconds
from replication.studies.bench.training import Training, multiply_adds, trainings

MODERN = "lenet5-modern"


class Amounts(NamedTuple):
    """How many repeats, and how many patterns in each.

    Each takes some tenth of a second: on a machine that others share, two measures that follow one
    another so closely meet the same disturbances, and their ratio is not moved by them.
    """

    repeats: int
    kernels: int
    eager: int
    modern: int


PARAMETERS = (click.Option(["--quick"], is_flag=True, help="Take seconds, for rough figures."),)
FULL = Amounts(repeats=40, kernels=2000, eager=60, modern=1024)
QUICK = Amounts(repeats=2, kernels=200, eager=20, modern=64)


def in_turn(measures: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, Series]:
    """Each measure once in each repeat, after one that does not count: by name, in order."""
    series: dict[str, Series] = {name: [] for name in measures}
    for repeat in range(repeats + 1):
        for name, measure in measures.items():
            value = measure()
            if repeat:
                series[name].append(value)
    return series


def _a_pattern(train: Callable[[int], None], patterns: int) -> Callable[[], float]:
    return lambda: seconds(lambda: train(patterns)) / patterns


def side_by_side(one: Training, other: Training, amounts: Amounts) -> dict[str, Any]:
    """Patterns a second of one replicate alone, and of two in threads of their own."""
    with ThreadPoolExecutor(2) as executor:

        def throughput(*runs: Training) -> float:
            patterns = [amounts.kernels] * len(runs)
            return sum(patterns) / seconds(
                lambda: list(executor.map(Training.train, runs, patterns))
            )

        series = in_turn(
            {"1": lambda: throughput(one), "2": lambda: throughput(one, other)}, amounts.repeats
        )
    rates = {name: {"patterns_per_second": spread(values)} for name, values in series.items()}
    return {**rates, "throughput_ratio": spread(quotients(series["2"], series["1"]))}


def compared(settings: Settings, runs: Mapping[str, Training], amounts: Amounts) -> dict[str, Any]:
    """The networks, what they are compared with and the machine's peak, in turn."""
    # Imported late: the memory of training is read before torch is there.
    from replication.studies.bench.contenders import Eager, Usual

    recipe = settings.experiment(MODERN)
    if not isinstance(recipe, Modern):
        raise ReplicationError(
            f"params.yaml: experiments.{MODERN}.system is {recipe.system}: set it to modern"
        )
    fastest = peaks()
    name = max(fastest, key=lambda name: fastest[name]())
    eager = Eager(runs["lenet5"], settings, amounts.eager)
    usual = Usual(runs["lenet5"], recipe, amounts.modern)
    measures = {
        **_networks(runs, amounts.kernels),
        "eager": _a_pattern(eager.train, amounts.eager),
        "modern": _a_pattern(usual.train, amounts.modern),
        "curvature": lambda: seconds(runs["lenet5"].curvature),
        "peak": fastest[name],
        "bandwidth": bandwidth(),
    }
    series = in_turn(measures, amounts.repeats)
    machine = {
        PEAK: spread(series["peak"]),
        "peak_measured_by": name,
        BANDWIDTH: spread(series["bandwidth"]),
    }
    work = {name: multiply_adds(run.network) for name, run in runs.items()}
    return {**figures(series, work, settings), "machine": {**facts(), **machine}}


def _networks(runs: Mapping[str, Training], patterns: int) -> dict[str, Callable[[], float]]:
    """Each network by these kernels and, at once after it, by the earlier ones."""
    earlier = _earlier(runs)
    measures = {}
    for name, run in runs.items():
        measures[name] = _a_pattern(run.train, patterns)
        before = EARLIER + name
        if before in earlier:
            measures[before] = _a_pattern(earlier[before].train, patterns)
    return measures


def _earlier(runs: Mapping[str, Training]) -> dict[str, Earlier]:
    """The same networks by the kernels that these replaced, where the history has them."""
    with TemporaryDirectory() as folder:
        kernels = fetch(Path(folder))
        if kernels is None:
            return {}
        trainings = {f"{EARLIER}{name}": Earlier(kernels, run) for name, run in runs.items()}
        for run in trainings.values():
            run.train(1)  # compiled while the files are there
        return trainings


def run(folders: Folders, settings: Settings, *, quick: bool = False) -> dict[str, Any]:
    """Time training beside eager autograd, torch as usual and the machine's own peak."""
    print("Timings mean something only while the machine is otherwise idle.", flush=True)
    amounts = QUICK if quick else FULL
    regular = read_raw(folders.raw)
    runs = trainings(settings, folders.paper, regular, NETWORKS)
    other = trainings(settings, folders.paper, regular, ("lenet5",))["lenet5"]
    replicates = side_by_side(runs["lenet5"], other, amounts)
    training = rounded(peak_memory_mebibytes())
    result = {**compared(settings, runs, amounts), "replicates": replicates}
    memory = {"training": training, "benchmark": rounded(peak_memory_mebibytes())}
    result["peak_memory_mebibytes"] = memory
    write_json(folders.out / FILE, result)
    return result


def summary(result: dict[str, Any]) -> str:
    """The figures in words."""
    return said(result)
