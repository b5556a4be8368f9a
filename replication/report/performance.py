"""How it was made, and how fast: experiments, the sentences on speed, the environment."""

from collections.abc import Mapping, Sequence
from typing import Any

from replication.report.drawing import Table, table
from replication.report.inputs import BENCH, Inputs
from replication.runs import RECORD, TIMING

_SECONDS_A_DAY = 86_400


def experiment_table(inputs: Inputs) -> Table:
    """Return every experiment that has been run."""
    rows = []
    for name, entry in inputs.metrics.items():
        seconds = [float(run.timing["seconds"]) for run in inputs.runs[name]
                   if run.has(TIMING) and "seconds" in run.timing]  # fmt: skip
        rows.append(
            (
                name,
                int(entry["replicates"]),
                *(_mean_and_sd(entry[f"{kind}_percent"]) if f"{kind}_percent" in entry else ""
                  for kind in ("test_error", "training_error", "rejection")),
                f"{sum(seconds) / len(seconds):.0f}" if seconds else "",
            )
        )  # fmt: skip
    columns = ("experiment", "runs", "test error, %", "training error, %", "to reject, %",
               "seconds a run")  # fmt: skip
    return Table(columns, table(columns, rows).rows, frozenset(range(1, len(columns))))


def _mean_and_sd(metric: Mapping[str, Any]) -> str:
    values = metric["values"]
    mean = sum(values) / len(values)
    sd = metric.get("sd")
    return f"{mean:.3f}" if sd is None else f"{mean:.3f} (sd {float(sd):.3f})"


def speed(inputs: Inputs) -> list[str]:
    """Return what bench.json and the verdict on the time of a training say, in sentences."""
    sentences = []
    verdict = inputs.verdict("lenet5.training-time")
    if verdict and verdict.finding.mean is not None:
        least, greatest = inputs.paper.claims["lenet5.training-time"].ends
        days = f"{least / _SECONDS_A_DAY:g} to {greatest / _SECONDS_A_DAY:g} days"
        takes = f"{verdict.finding.mean:.3g} seconds"
        sentences.append(f"One training took {days} in 1998 and takes {takes}.")
    bench = inputs.bench or {}
    lenet5, machine = bench.get("lenet5", {}), bench.get("machine", {})
    on = f" of this machine ({machine['processor']})" if machine else ""
    if "compiled_for" in machine:
        on += f", compiled for {machine['compiled_for']}"
    templates = (
        (lenet5, "microseconds_per_pattern", 1,
         f"A training pattern takes {{0:.3g}} microseconds on one core{on}, "
         "the median of {repeats} repeats that lie between {min:.3g} and {max:.3g}."),
        (lenet5, "time_as_share_of_earlier", 100,
         "That is {0:.3g} % of the time of the kernels that these replaced, whose bytes depended "
         "on the processor."),
        (lenet5, "times_faster_than_eager", 1,
         "It is {0:.3g} times as fast as plain automatic differentiation, a pattern at a time."),
        (lenet5, "times_faster_than_modern", 1,
         "It is {0:.3g} times as fast as the same network trained today's way, in batches."),
        (lenet5, "share_of_peak", 100,
         "It makes {0:.3g} % of the multiplications and additions that the core can make at most."),
        (bench, "curvature_share_of_pass", 100,
         "Estimating the curvatures takes {0:.2g} % of a pass."),
    )  # fmt: skip
    for section, key, unit, template in templates:
        if "median" in section.get(key, {}):
            sentences.append(template.format(unit * float(section[key]["median"]), **section[key]))
    return sentences if bench else [*sentences, f"How fast each part is: `{BENCH}` measures it."]


def environment(inputs: Inputs) -> Table:
    """Return packages and machines as the runs' records name them, with the runs that share."""
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
