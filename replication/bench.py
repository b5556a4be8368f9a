"""bench: how fast, against what, and how far from the machine's peak.

All that is compared is timed in turn, over and over, so that whatever slows the machine for a
while slows all of it; a ratio is formed within each repeat, and its median, least and greatest are
given.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from replication.benchmarks.earlier import Earlier, fetch
from replication.benchmarks.kernels import Training, multiply_adds, trainings
from replication.benchmarks.machine import facts, peak_memory_mebibytes
from replication.errors import ReplicationError
from replication.mnist.databases import read_raw
from replication.settings import Modern, Settings

NETWORKS = ("lenet5", "lenet4", "lenet1", "perceptron-300-100", "perceptron-1000")
MODERN = "lenet5-modern"
TANGENT, PLAIN = "tangent-distance", "tangent-distance-lstsq"
EARLIER, SHARE = "earlier-", "time_as_share_of_earlier"
PEAK, BANDWIDTH = "peak_multiply_adds_per_second", "bandwidth_bytes_per_second"


class Amounts(NamedTuple):
    """How many repeats, and how many patterns in each, so that each takes about equally long.

    ``tangents`` and ``plain`` are pairs of images: of the compiled tangent distance, and of NumPy.
    """

    repeats: int
    kernels: int
    eager: int
    modern: int
    tangents: int
    plain: int


FULL = Amounts(repeats=25, kernels=5000, eager=160, modern=2048, tangents=10_000, plain=500)
QUICK = Amounts(repeats=2, kernels=200, eager=20, modern=64, tangents=500, plain=50)

Series = list[float]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and greatest of the repeats, and their number."""
    return {
        "median": _rounded(statistics.median(values)),
        "min": _rounded(min(values)),
        "max": _rounded(max(values)),
        "repeats": len(values),
    }


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _quotients(above: Series, below: Series) -> Series:
    return [one / other for one, other in zip(above, below, strict=True)]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _a_pattern(train: Callable[[int], None], patterns: int) -> Callable[[], float]:
    return lambda: _seconds(lambda: train(patterns)) / patterns


def in_turn(measures: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, Series]:
    """Each measure once in each repeat, after one that does not count: by name, in order."""
    series: dict[str, Series] = {name: [] for name in measures}
    for repeat in range(repeats + 1):
        for name, measure in measures.items():
            value = measure()
            if repeat:
                series[name].append(value)
    return series


def side_by_side(one: Training, other: Training, amounts: Amounts) -> dict[str, Any]:
    """Patterns a second of one replicate alone, and of two in threads of their own."""
    with ThreadPoolExecutor(2) as executor:

        def throughput(*runs: Training) -> float:
            patterns = [amounts.kernels] * len(runs)
            return sum(patterns) / _seconds(
                lambda: list(executor.map(Training.train, runs, patterns))
            )

        series = in_turn(
            {"1": lambda: throughput(one), "2": lambda: throughput(one, other)}, amounts.repeats
        )
    rates = {name: {"patterns_per_second": spread(values)} for name, values in series.items()}
    return {**rates, "throughput_ratio": spread(_quotients(series["2"], series["1"]))}


def measure(chosen: Settings, runs: Mapping[str, Training], amounts: Amounts) -> dict[str, Any]:
    """The networks, what they are compared with and the machine's peak, in turn."""
    # Imported late: the memory of training is read before torch is there.
    from replication.benchmarks.contenders import Eager, Usual
    from replication.benchmarks.peak import Bandwidth, Peak
    from replication.benchmarks.tangents import Tangents

    peak, bandwidth = Peak(), Bandwidth()
    eager = Eager(runs["lenet5"], chosen, amounts.eager)
    usual = Usual(runs["lenet5"], _modern(chosen), amounts.modern)
    pairs = Tangents(runs["lenet1"].images, amounts.tangents)
    work: dict[str, tuple[Callable[[int], None], int]] = {
        **{name: (run.train, amounts.kernels) for name, run in runs.items()},
        **{name: (run.train, amounts.kernels) for name, run in _earlier(runs).items()},
        "eager": (eager.train, amounts.eager),
        "modern": (usual.train, amounts.modern),
        TANGENT: (pairs.compiled, amounts.tangents),
        PLAIN: (pairs.plain, amounts.plain),
    }
    measures: dict[str, Callable[[], float]] = {
        name: _a_pattern(train, patterns) for name, (train, patterns) in work.items()
    }
    measures["curvature"] = lambda: _seconds(runs["lenet5"].curvature)
    measures["peak"], measures["bandwidth"] = peak.rate, bandwidth.rate
    series = in_turn(measures, amounts.repeats)
    return {
        **figures(series, {name: multiply_adds(run.network) for name, run in runs.items()}, chosen),
        "machine": {
            **facts(),
            PEAK: spread(series["peak"]),
            "peak_measured_by": peak.name,
            BANDWIDTH: spread(series["bandwidth"]),
        },
    }


def _earlier(runs: Mapping[str, Training]) -> dict[str, Earlier]:
    """The same networks by the kernels that these replaced, where the history has them."""
    with TemporaryDirectory() as folder:
        kernels = fetch(Path(folder))
        if kernels is None:
            return {}
        found = {f"{EARLIER}{name}": Earlier(kernels, run) for name, run in runs.items()}
        for run in found.values():
            run.train(1)  # compiled while the files are there
        return found


def figures(
    series: Mapping[str, Series], work: Mapping[str, int], chosen: Settings
) -> dict[str, Any]:
    """From seconds a pattern (``curvature``: for one estimate) or a pair to what is published.

    ``work`` gives the multiply-adds of one update by network.
    """
    result: dict[str, Any] = {
        name: {"microseconds_per_pattern": spread([1e6 * value for value in series[name]])}
        for name in (*work, "eager", "modern")
    }
    for name, amount in work.items():
        rates = [amount / value for value in series[name]]
        result[name]["multiply_adds_per_update"] = amount
        result[name]["share_of_peak"] = spread(_quotients(rates, series["peak"]))
    for name in work:
        if EARLIER + name in series:
            ratios = _quotients(series[name], series[EARLIER + name])
            result[name][SHARE] = spread(ratios)
    for other in ("eager", "modern"):
        ratios = _quotients(series[other], series["lenet5"])
        result["lenet5"][f"times_faster_than_{other}"] = spread(ratios)
    result.update(_tangent_distance(series))
    passes = [chosen.base.presentations_per_pass * value for value in series["lenet5"]]
    shares = _quotients(series["curvature"], passes)
    return {**result, "curvature_share_of_pass": spread(shares)}


def _tangent_distance(series: Mapping[str, Series]) -> dict[str, Any]:
    """Microseconds a pair of images, compiled and in NumPy, and how often faster."""
    result: dict[str, Any] = {
        name: {"microseconds_per_pair": spread([1e6 * value for value in series[name]])}
        for name in (TANGENT, PLAIN)
    }
    ratios = _quotients(series[PLAIN], series[TANGENT])
    result[TANGENT]["times_faster_than_lstsq"] = spread(ratios)
    return result


def _modern(chosen: Settings) -> Modern:
    recipe = chosen.experiment(MODERN)
    if not isinstance(recipe, Modern):
        raise ReplicationError(
            f"params.yaml: experiments.{MODERN}.system is {recipe.system}: set it to modern"
        )
    return recipe


def bench(chosen: Settings, published: Path, raw: Path, amounts: Amounts) -> dict[str, Any]:
    """All figures, as results/bench.json holds them.

    ``published`` and ``raw`` are the folders data/paper and data/raw.
    """
    regular = read_raw(raw)
    runs = trainings(chosen, published, regular, NETWORKS)
    other = trainings(chosen, published, regular, ("lenet5",))["lenet5"]
    replicates = side_by_side(runs["lenet5"], other, amounts)
    training = peak_memory_mebibytes()
    measured = measure(chosen, runs, amounts)
    return {
        **measured,
        "replicates": replicates,
        "peak_memory_mebibytes": {
            "training": _rounded(training),
            "benchmark": _rounded(peak_memory_mebibytes()),
        },
    }


def _line(text: str, figure: Mapping[str, float], scale: float = 1.0) -> str:
    median, least, most = (f"{figure[key] * scale:.4g}" for key in ("median", "min", "max"))
    return f"{text:<44}{median:>9}   ({least} to {most})"


def table(result: Mapping[str, Any]) -> str:
    """The figures to be read: the median, and the least and the greatest of the repeats."""
    lenet5, machine, replicates = result["lenet5"], result["machine"], result["replicates"]
    tangent = result[TANGENT]
    lines = [
        _line(f"{name}, microseconds a pattern", result[name]["microseconds_per_pattern"])
        for name in (*NETWORKS, "eager", "modern")
    ]
    return "\n".join(
        [
            f"{machine['processor']}, one core, {lenet5['share_of_peak']['repeats']} repeats",
            *lines,
            *(
                _line(f"{name}, % of the earlier kernels' time", result[name][SHARE], 100)
                for name in NETWORKS
                if SHARE in result[name]
            ),
            _line("lenet5, times faster than eager autograd", lenet5["times_faster_than_eager"]),
            _line("lenet5, times faster than modern", lenet5["times_faster_than_modern"]),
            _line("tangent distance, microseconds a pair", tangent["microseconds_per_pair"]),
            _line("tangent distance, times faster than lstsq", tangent["times_faster_than_lstsq"]),
            _line("lenet5, % of the machine's peak", lenet5["share_of_peak"], 100),
            _line("curvature, % of a pass", result["curvature_share_of_pass"], 100),
            _line("peak, 10^9 multiply-adds a second", machine[PEAK], 1e-9),
            _line("memory, 10^9 bytes a second", machine[BANDWIDTH], 1e-9),
            _line("two replicates, times the throughput of one", replicates["throughput_ratio"]),
            f"{'memory of training, MiB':<44}{result['peak_memory_mebibytes']['training']:>9.4g}",
        ]
    )
