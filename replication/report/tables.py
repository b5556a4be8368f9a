"""The tables of results, on the page and in the blocks of README.md and paper_notes.md."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import fsum
from typing import Any, NamedTuple, get_args

import numpy as np

from replication.comparison.figures.drawing import DATA, Table, markdown, table
from replication.comparison.figures.inputs import Block, Inputs
from replication.comparison.paper import Status
from replication.comparison.verdicts.benchmark import BENCH, EARLIER
from replication.comparison.verdicts.claim_checks import HEADLINE, Verdict, tally_by_sort
from replication.comparison.verdicts.evidence import OUTCOMES, Finding, Outcome
from replication.comparison.verdicts.tables import OWN
from replication.core.runs import RECORD, TIMING
from replication.files import Document
from replication.report.systems import ERROR, lines
from replication.report.texts import say

CLAIMS = f"{DATA}/claims.yaml"
_NAMES = ("test error", "training error", "test error after training with distortions")
NAMES = dict(zip(HEADLINE, _NAMES, strict=True))
# What to look into first.
STATUSES: tuple[Status, ...] = get_args(Status)[::-1]
ORDER: tuple[Outcome, ...] = (
    "differs",
    "inconclusive",
    "unmeasured",
    "compatible",
    "reproduced",
)
ROLES = {
    "independent": "nothing was chosen by it",
    "fitted": "it helped to choose how the paper is read, so agreement proves little",
    "arithmetic": "it is counted from the architecture",
    "control": "it checks the data or the machine",
    "repeat": "it repeats a number that is counted elsewhere",
    "note": "it is about hardware, and counts nowhere",
}
_SECONDS_A_DAY = 86_400
COSTS = Document("costs.json", "make replicate")


class Headline(NamedTuple):
    """A row of the first table, as text; ours and interval are empty where nothing was measured."""

    claim: str
    name: str
    published: str
    ours: str
    spread: str
    interval: str
    replicates: int
    role: str
    verdict: str
    reason: str


def headline(inputs: Inputs) -> list[Headline]:
    """Return the rows of test error, training error and distorted test error."""
    rows = []
    for claim_id in HEADLINE:
        claim, verdict = inputs.paper.claims[claim_id], inputs.verdict(claim_id)
        uncertainty = f" ± {claim.uncertainty:g}" if claim.uncertainty else ""
        name = NAMES[claim_id] + (f", {claim.statement}" if claim.statement else "")
        missing = Finding("unmeasured", "", "there is no verdict on it")
        finding = verdict.finding if verdict else missing
        numbers = (finding.mean, finding.sd, finding.low, finding.high)
        # A hundredth of a point is one miss: three decimals.
        mean, sd, low, high = ("" if number is None else f"{number:.3f}" for number in numbers)
        row = Headline(
            claim=claim_id,
            name=name[0].upper() + name[1:],
            published=f"{claim.value}{uncertainty} %",
            ours=f"{mean} %" if mean else "",
            spread=f"sd {sd}" if sd else "",
            interval=f"{low} to {high} %" if low else "",
            replicates=finding.replicates,
            role=verdict.subject.role if verdict else claim.role,
            verdict=finding.outcome,
            reason=finding.reason,
        )
        rows.append(row)
    return rows


def by_role(verdicts: Sequence[Verdict]) -> list[tuple[str, str, tuple[tuple[str, int], ...]]]:
    """Return each role, its meaning, and its number of verdicts by outcome."""
    counted = Counter((verdict.subject.role, verdict.outcome) for verdict in verdicts)
    roles = {role for role, _ in counted}
    return [
        (role, meaning, tuple((outcome, counted[role, outcome]) for outcome in OUTCOMES))
        for role, meaning in ROLES.items()
        if role in roles
    ]


def experiments(inputs: Inputs) -> Table:
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
    rows = []
    for (name, value), names in sorted(recorded.items()):
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        by = "all runs" if len(names) == total else ", ".join(names[:3]) + more
        rows.append((name, value, by))
    return table(("what", "version or kind", "recorded by"), rows)


def speed(inputs: Inputs) -> str:
    """Return sentences on bench.json and the verdict on the time of a training."""
    claim = "lenet5.training-time"
    return say(
        "speed",
        verdict=inputs.verdict(claim),
        days=tuple(end / _SECONDS_A_DAY for end in inputs.paper.claims[claim].ends),
        bench=inputs.bench,
        earlier=EARLIER,
        made_by=BENCH.made_by,
    )


def by_sort(verdicts: Sequence[Verdict]) -> list[tuple[str, Counter[str]]]:
    """Return the independent verdicts, counted by outcome: numbers, effects and statements."""
    return [
        (sort, Counter(counted)) for sort, counted in tally_by_sort(verdicts, "independent").items()
    ]


def results_block(inputs: Inputs) -> str:
    """Return the headline as a table, and the number of independent verdicts by outcome."""
    rows = []
    for row in headline(inputs):
        ours = row.ours + (f" ({row.spread})" if row.spread else "")
        rows.append((row.name, row.published, ours, row.interval, str(row.replicates), row.verdict))
    interval = f"{100 * inputs.choices.confidence:g} % for one more run"
    columns = ("", "1998", "ours", interval, "runs", "verdict")
    counts = [(sort, *(counted[name] for name in OUTCOMES))
              for sort, counted in by_sort(inputs.verdicts)]  # fmt: skip
    return "\n\n".join(
        (
            markdown(table(columns, rows)),
            "The training error helped to choose the reading, so its agreement proves little. Of "
            "what nothing was fitted to, each number counted once:",
            markdown(table(("", *OUTCOMES), counts)),
        )
    )


def times_block(inputs: Inputs) -> str:
    """Return what commands took, by costs.json, and the committed trainings, by timing.json."""
    costs = COSTS.read(inputs.results) if COSTS.exists(inputs.results) else {}
    seconds: dict[str, list[float]] = {}
    processors: Counter[str] = Counter()
    for name, runs in inputs.runs.items():
        timed = [run for run in runs if run.has(TIMING)]
        seconds[name] = [run.timing.get("cpu_seconds", run.seconds_alone) for run in timed]
        processors.update(str(run.record.get("processor", "unknown")) for run in timed)
    own = [value for name, values in seconds.items() if name.startswith(OWN) for value in values]
    everything = [value for values in seconds.values() for value in values]
    return say(
        "times",
        costs=costs,
        one=inputs.choices.experiments.undistorted,
        median=float(np.median(seconds[inputs.choices.experiments.undistorted])),
        own=(len(own), fsum(own) / 3600),
        everything=(len(everything), fsum(everything) / 3600),
        processors=list(processors),
    )


def systems_block(inputs: Inputs) -> str:
    """Return Figure 9's systems that have been run, 1998 and ours; then our other experiments."""
    rows = [
        (line.name, f"{line.published:g} %", *_error(inputs, line.experiment), line.verdict)
        for line in lines(inputs, ERROR)
        if line.experiment and line.verdict
    ]
    for experiment in sorted(set(inputs.metrics) - set(inputs.choices.systems.values())):
        if not experiment.startswith(OWN):
            rows.append((f"`{experiment}`", "-", *_error(inputs, experiment), "-"))
    return markdown(table(("system", "1998", "ours", "runs", "verdict"), rows))


def _error(inputs: Inputs, experiment: str) -> tuple[str, str]:
    values = inputs.values(experiment, "test_error_percent")
    spread = f" (sd {np.std(values, ddof=1):.2f})" if len(values) > 1 else ""
    return f"{np.mean(values):.2f} %{spread}", str(len(values))


def blocks(inputs: Inputs, studies: Sequence[Block]) -> dict[str, Callable[[], str]]:
    """Return the maker of each block by name: ours, and those of the studies."""
    makers: dict[str, Callable[[Inputs], str]] = {
        "results": results_block,
        "systems": systems_block,
        "times": times_block,
        **{block.name: block.text for block in studies},
    }
    return {name: partial(make, inputs) for name, make in makers.items()}
