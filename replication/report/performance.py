"""Experiments, sentences on the speed, and the environment of the runs."""

from collections.abc import Mapping, Sequence
from math import fsum
from typing import Any

from replication.comparison.figures.drawing import Table, table
from replication.comparison.figures.inputs import Inputs
from replication.comparison.verdicts.benchmark import BENCH, EARLIER, Spread, Target
from replication.core.runs import RECORD, TIMING

_SECONDS_A_DAY = 86_400


def experiment_table(inputs: Inputs) -> Table:
    """Return every experiment that has been run."""
    rows = []
    for name, entry in inputs.metrics.items():
        seconds = [run.seconds_alone for run in inputs.runs[name] if run.seconds]
        metrics = (entry.get(f"{m}_percent") for m in ("test_error", "training_error", "rejection"))
        percent = (_mean_and_sd(metric) if metric else "" for metric in metrics)
        mean_time = f"{fsum(seconds) / len(seconds):.0f}" if seconds else ""
        rows.append((name, int(entry["replicates"]), *percent, mean_time))
    errors = ("test error, %", "training error, %", "to reject, %")
    columns = ("experiment", "runs", *errors, "seconds a run")
    return Table(columns, table(columns, rows).rows, frozenset(range(1, len(columns))))


def _mean_and_sd(metric: Mapping[str, Any]) -> str:
    values = metric["values"]
    mean = fsum(values) / len(values)  # sum rounds otherwise from Python 3.12 on
    sd = metric.get("sd")
    return f"{mean:.3f}" if sd is None else f"{mean:.3f} (sd {float(sd):.3f})"


def speed(inputs: Inputs) -> list[str]:
    """Return sentences on bench.json and the verdict on the time of a training."""
    sentences = []
    verdict = inputs.verdict("lenet5.training-time")
    if verdict and verdict.finding.mean is not None:
        least, greatest = inputs.paper.claims["lenet5.training-time"].ends
        days = f"{least / _SECONDS_A_DAY:g} to {greatest / _SECONDS_A_DAY:g} days"
        takes = f"{verdict.finding.mean:.3g} seconds"
        sentences.append(f"One training took {days} in 1998 and takes {takes}.")
    if inputs.bench is None:
        return [*sentences, f"How fast each part is: `{BENCH.made_by}` measures it."]
    for target in inputs.bench.targets().values():
        sentences += _describe_times(target)
    return [*sentences, *_describe_peers(inputs.bench.native)]


def _describe_times(target: Target) -> list[str]:
    """Return the time of a pattern with the kernels compiled for a target, and beside earlier."""
    lenet5, machine = target.lenet5, target.machine
    time = lenet5.microseconds_per_pattern
    text = (
        f"Compiled for {machine.compiled_for}, a training pattern takes {time.median:.3g} "
        f"microseconds on one core of this machine ({machine.processor}), the median of "
        f"{time.repeats} repeats that lie between {time.min:.3g} and {time.max:.3g}"
    )
    share = lenet5.time_as_share_of_earlier
    if share is not None:
        text += (
            f": {_percent(share)} of the time of the kernels of commit {EARLIER}, timed in turns"
        )
    distorted = target.distorted.time_as_share_of_earlier
    if distorted is not None:
        text += f" (with a distortion drawn for each pattern, {_percent(distorted)})"
    sentences = [f"{text}."]
    if target.whole is not None:
        networks = target.whole.networks_of_replicate_all
        sentences.append(
            f"All networks of `make replicate-all` take {networks.cpu_seconds.median / 3600:.2g} "
            f"hours of one core, {_percent(networks.time_as_share_of_earlier)} of what they took."
        )
    return sentences


def _percent(share: Spread) -> str:
    return f"{100 * share.median:.3g} % ({100 * share.min:.3g} to {100 * share.max:.3g})"


def _describe_peers(target: Target) -> list[str]:
    """Return the peers, the strongest first, and other figures of the native kernels."""
    ratios = [
        f"{target.lenet5.times_faster_than(name).median:.3g} times as fast as "
        f"{target.peers[name].what}"
        for name in target.strongest_first()
    ]
    usual = target.lenet5.times_faster_than_modern.median
    return [
        f"LeNet-5, compiled for {target.machine.compiled_for}, is {'; '.join(ratios)}: the same "
        "work, a pattern at a time on one thread, the strongest first.",
        f"It is {usual:.3g} times as fast as the same network trained today's way, in batches.",
        f"It makes {100 * target.lenet5.share_of_peak.median:.3g} % of the multiplications and "
        "additions that the core makes at most (measured by "
        f"{target.machine.peak_measured_by}).",
        f"Estimating the curvatures takes {100 * target.curvature_share_of_pass.median:.2g} % of a "
        "pass.",
        f"A process that trains {target.memory.lenet5_at_once} LeNet-5 at once needs "
        f"{target.memory.peak_mebibytes:.0f} MiB at most.",
    ]


def environment(inputs: Inputs) -> Table:
    """Return packages and machines in the runs' records, with the runs that recorded them."""
    recorded: dict[tuple[str, str], list[str]] = {}
    for experiment, runs in inputs.runs.items():
        for number, run in enumerate(runs):
            packages = run.record.get("packages", {}) if run.has(RECORD) else {}
            host = run.timing.get("host", {}) if run.has(TIMING) else {}
            for name, value in [*sorted(packages.items()), *sorted(host.items())]:
                recorded.setdefault((str(name), str(value)), []).append(f"{experiment} {number}")
    total = sum(len(runs) for runs in inputs.runs.values())
    rows = [
        (name, value, "all runs" if len(names) == total else _some(names))
        for (name, value), names in sorted(recorded.items())
    ]
    return table(("what", "version or kind", "recorded by"), rows)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
