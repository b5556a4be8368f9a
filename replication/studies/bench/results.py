"""From measurements in turns to the figures of results/bench.json, and to what is printed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replication.comparison.verdicts.benchmark import Benchmark, Peer, Spread, Target, Timed
from replication.core.networks.specification import Kind, Network
from replication.studies.bench import DISTORTED, NETWORKS

Series = NDArray[np.float64]  # one value per turn
EARLIER = "earlier-"


def count_multiply_adds(network: Network) -> int:
    """Return the multiply-adds of one update: 0.87 million for LeNet-5 with Table I.

    Each weight of each unit is used once forwards, once for its own derivative (the RBF units'
    codes have none) and once for the derivative of its input (not for the image). The four inputs
    of a sub-sampling unit are added first and share one coefficient. Biases, squashing functions
    and the update itself are not counted.
    """
    total = 0
    for number, layer in enumerate(network.layers):
        maps, height, width = layer.outputs
        weights = maps if layer.kind is Kind.SUBSAMPLING else layer.pairs * layer.kernel**2
        uses = 1 + int(layer.kind is not Kind.RBF) + int(number > 0)
        total += uses * height * width * weights
    return total


def summarise(values: Series) -> dict[str, float]:
    """Return median, least and greatest of the repeats, and their number."""
    ends = {"median": np.median(values), "min": np.min(values), "max": np.max(values)}
    return {name: round_to_6(float(end)) for name, end in ends.items()} | {"repeats": len(values)}


def round_to_6(value: float) -> float:
    """Return ``value`` with six significant digits."""
    return float(f"{value:.6g}")


def compute_figures(
    series: Mapping[str, Series], work: Mapping[str, int], peers: Sequence[str], a_pass: int
) -> dict[str, Any]:
    """Return what is published, from seconds per pattern (``curvature``: per estimate).

    ``work`` gives the multiply-adds of one update by network, ``a_pass`` the presentations in a
    pass; ``peak`` is in multiply-adds per second.
    """

    def time(name: str) -> dict[str, Any]:
        result = {"microseconds_per_pattern": summarise(1e6 * series[name])}
        if EARLIER + name in series:
            share = summarise(series[name] / series[EARLIER + name])
            result["time_as_share_of_earlier"] = share
        return result

    result = {name: time(name) for name in (*work, DISTORTED, "modern")}
    for name, amount in work.items():
        result[name]["multiply_adds_per_update"] = amount
        result[name]["share_of_peak"] = summarise(amount / series[name] / series["peak"])
    for name in (*peers, "modern"):
        ratio = summarise(series[name] / series["lenet5"])
        result["lenet5"][f"times_faster_than_{name}"] = ratio
    return {
        **result,
        "peers": {name: time(name) for name in peers},
        "curvature_share_of_pass": summarise(series["curvature"] / (a_pass * series["lenet5"])),
    }


def describe(result: Benchmark) -> str:
    """Return the figures as text: the median, the least and the greatest of the repeats."""
    return "\n\n".join(
        "\n".join([f"{name}: {target.machine.processor}, compiled for "
                   f"{target.machine.compiled_for}, one core, "
                   f"{target.lenet5.microseconds_per_pattern.repeats} repeats", *_lines(target)])
        for name, target in result.targets().items()
    )  # fmt: skip


def _lines(target: Target) -> list[str]:
    networks = {name: target.network(name) for name in NETWORKS} | {DISTORTED: target.distorted}
    times: dict[str, Timed | Peer] = {**networks, **target.peers, "modern": target.modern}
    machine = target.machine
    return [
        *(_line(f"{name}, microseconds per pattern", entry.microseconds_per_pattern)
          for name, entry in times.items()),
        *(_line(f"{name}, % of the earlier kernels' time", entry.time_as_share_of_earlier, 100)
          for name, entry in networks.items() if entry.time_as_share_of_earlier),
        *(_line(f"lenet5, times faster than {name}", target.lenet5.times_faster_than(name))
          for name in [*target.strongest_first(), "modern"]),
        _line("lenet5, % of the core's peak", target.lenet5.share_of_peak, 100),
        _line("curvature, % of a pass", target.curvature_share_of_pass, 100),
        _line("peak, 10^9 multiply-adds per second", machine.peak_multiply_adds_per_second, 1e-9),
        _line("memory, 10^9 bytes per second", machine.bandwidth_bytes_per_second, 1e-9),
        _line("two replicates, times the throughput of one", target.replicates.throughput_ratio),
        f"{f'{target.memory.lenet5_at_once} LeNet-5 at once, MiB':<50}"
        f"{target.memory.peak_mebibytes:>9.4g}",
    ]  # fmt: skip


def _line(text: str, figure: Spread, scale: float = 1.0) -> str:
    ends = (figure.median, figure.min, figure.max)
    median, least, most = (f"{value * scale:.4g}" for value in ends)
    return f"{text:<50}{median:>9}   ({least} to {most})"
