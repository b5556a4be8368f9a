"""From what was measured in turns to the figures of results/bench.json, and to what is printed."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from replication.comparison.verdicts.benchmark import Benchmark, Peer, Spread, Target, Timed
from replication.studies.bench import DISTORTED, NETWORKS

Series = list[float]
EARLIER = "earlier-"


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
    return [numerator / divisor for numerator, divisor in zip(above, below, strict=True)]


def figures(
    series: Mapping[str, Series], work: Mapping[str, int], peers: Sequence[str], a_pass: int
) -> dict[str, Any]:
    """From seconds a pattern (``curvature``: for one estimate) to what is published.

    ``work`` gives the multiply-adds of one update by network, ``a_pass`` the presentations in a
    pass; ``peak`` is in multiply-adds a second.
    """

    def timed(name: str) -> dict[str, Any]:
        result = {"microseconds_per_pattern": spread([1e6 * value for value in series[name]])}
        if EARLIER + name in series:
            share = quotients(series[name], series[EARLIER + name])
            result["time_as_share_of_earlier"] = spread(share)
        return result

    result = {name: timed(name) for name in (*work, DISTORTED, "modern")}
    for name, amount in work.items():
        rates = [amount / value for value in series[name]]
        result[name]["multiply_adds_per_update"] = amount
        result[name]["share_of_peak"] = spread(quotients(rates, series["peak"]))
    for name in (*peers, "modern"):
        ratio = spread(quotients(series[name], series["lenet5"]))
        result["lenet5"][f"times_faster_than_{name}"] = ratio
    passes = [a_pass * value for value in series["lenet5"]]
    return {
        **result,
        "peers": {name: timed(name) for name in peers},
        "curvature_share_of_pass": spread(quotients(series["curvature"], passes)),
    }


def listed(result: Benchmark) -> str:
    """The figures to be read: the median, and the least and the greatest of the repeats."""
    return "\n\n".join(
        "\n".join([f"{name}: {target.machine.processor}, compiled for "
                   f"{target.machine.compiled_for}, one core, "
                   f"{target.lenet5.microseconds_per_pattern.repeats} repeats", *_lines(target)])
        for name, target in result.targets().items()
    )  # fmt: skip


def _lines(target: Target) -> list[str]:
    timed = {name: target.network(name) for name in NETWORKS} | {DISTORTED: target.distorted}
    times: dict[str, Timed | Peer] = {**timed, **target.peers, "modern": target.modern}
    shares = {name: entry.time_as_share_of_earlier for name, entry in timed.items()}
    names = [*target.strongest_first(), "modern"]
    machine = target.machine
    return [
        *(_line(f"{name}, microseconds a pattern", entry.microseconds_per_pattern)
          for name, entry in times.items()),
        *(_line(f"{name}, % of the earlier kernels' time", share, 100)
          for name, share in shares.items() if share),
        *(_line(f"lenet5, times faster than {name}", target.lenet5.times_faster_than(name))
          for name in names),
        _line("lenet5, % of the core's peak", target.lenet5.share_of_peak, 100),
        _line("curvature, % of a pass", target.curvature_share_of_pass, 100),
        _line("peak, 10^9 multiply-adds a second", machine.peak_multiply_adds_per_second, 1e-9),
        _line("memory, 10^9 bytes a second", machine.bandwidth_bytes_per_second, 1e-9),
        _line("two replicates, times the throughput of one", target.replicates.throughput_ratio),
        f"{f'{target.memory.lenet5_at_once} LeNet-5 at once, MiB':<50}"
        f"{target.memory.peak_mebibytes:>9.4g}",
    ]  # fmt: skip


def _line(text: str, figure: Spread, scale: float = 1.0) -> str:
    median, least, most = (f"{value * scale:.4g}" for value in (figure.median, figure.min,
                                                                figure.max))  # fmt: skip
    return f"{text:<50}{median:>9}   ({least} to {most})"
