"""From the seconds that were measured to the figures of results/bench.json, and to what is said."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from replication.settings import Settings
from replication.studies.bench import BANDWIDTH, EARLIER, NETWORKS, PEAK, SHARE

Series = list[float]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and greatest of the repeats, and their number."""
    return {
        "median": rounded(statistics.median(values)),
        "min": rounded(min(values)),
        "max": rounded(max(values)),
        "repeats": len(values),
    }


def rounded(value: float) -> float:
    """``value`` with six digits."""
    return float(f"{value:.6g}")


def quotients(above: Series, below: Series) -> Series:
    """``above`` by ``below``, repeat by repeat."""
    return [one / other for one, other in zip(above, below, strict=True)]


def figures(
    series: Mapping[str, Series], work: Mapping[str, int], settings: Settings
) -> dict[str, Any]:
    """From seconds a pattern (``curvature``: for one estimate) to what is published.

    ``work`` gives the multiply-adds of one update by network.
    """

    def ratio(one: str, other: str) -> dict[str, float]:
        return spread(quotients(series[one], series[other]))

    result: dict[str, Any] = {
        name: {"microseconds_per_pattern": spread([1e6 * value for value in series[name]])}
        for name in (*work, "eager", "modern")
    }
    for name, amount in work.items():
        rates = [amount / value for value in series[name]]
        result[name]["multiply_adds_per_update"] = amount
        result[name]["share_of_peak"] = spread(quotients(rates, series["peak"]))
        if EARLIER + name in series:
            result[name][SHARE] = ratio(name, EARLIER + name)
    for other in ("eager", "modern"):
        result["lenet5"][f"times_faster_than_{other}"] = ratio(other, "lenet5")
    passes = [settings.base.presentations_per_pass * value for value in series["lenet5"]]
    return {**result, "curvature_share_of_pass": spread(quotients(series["curvature"], passes))}


def said(result: Mapping[str, Any]) -> str:
    """The figures to be read: the median, and the least and the greatest of the repeats."""
    lenet5, machine = result["lenet5"], result["machine"]
    shares = [name for name in NETWORKS if SHARE in result[name]]
    memory = result["peak_memory_mebibytes"]["training"]
    return "\n".join(
        [
            f"{machine['processor']}, one core, {lenet5['share_of_peak']['repeats']} repeats",
            *(_line(f"{name}, microseconds a pattern", result[name]["microseconds_per_pattern"])
              for name in (*NETWORKS, "eager", "modern")),
            *(_line(f"{name}, % of the earlier kernels' time", result[name][SHARE], 100)
              for name in shares),
            _line("lenet5, times faster than eager autograd", lenet5["times_faster_than_eager"]),
            _line("lenet5, times faster than modern", lenet5["times_faster_than_modern"]),
            _line("lenet5, % of the machine's peak", lenet5["share_of_peak"], 100),
            _line("curvature, % of a pass", result["curvature_share_of_pass"], 100),
            _line("peak, 10^9 multiply-adds a second", machine[PEAK], 1e-9),
            _line("memory, 10^9 bytes a second", machine[BANDWIDTH], 1e-9),
            _line("two replicates, times the throughput of one",
                  result["replicates"]["throughput_ratio"]),
            f"{'memory of training, MiB':<44}{memory:>9.4g}",
        ]
    )  # fmt: skip


def _line(text: str, figure: Mapping[str, float], scale: float = 1.0) -> str:
    median, least, most = (f"{figure[key] * scale:.4g}" for key in ("median", "min", "max"))
    return f"{text:<44}{median:>9}   ({least} to {most})"
