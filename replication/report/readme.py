"""The numbers in README.md and paper_notes.md, rendered from the files of results/.

A text has blocks between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``; whatever stands between
them is replaced. The names are those of `BLOCKS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from replication.artifacts import write_text
from replication.comparison.published import OWN, side_by_side
from replication.errors import ReplicationError
from replication.report import listings, machine
from replication.report import readings as ranked_readings
from replication.report.drawing import Table, table
from replication.report.inputs import BENCH, COMPARE, DISTORTIONS, READINGS, Inputs, records

_SHOWN_READINGS = 12
_MARK = re.compile(r"<!-- ([a-z]+):(begin|end) -->")


def results(inputs: Inputs) -> str:
    """The headline as a table, how many verdicts of each kind there are, and the speed."""
    rows = [
        (
            row.name,
            row.published.text,
            row.ours.text + (f" ({row.spread})" if row.spread else ""),
            row.interval.text,
            row.replicates.text,
            row.verdict,
        )
        for row in listings.headline(inputs)
    ]
    interval = f"{100 * inputs.choices.confidence:g} % for one more run"
    columns = ("", "1998", "ours", interval, "runs", "verdict")
    tally = listings.tally(str(verdict) for verdict in inputs.verdicts["verdict"])
    counts = ", ".join(f"{count} {verdict}" for verdict, count in tally)
    return "\n\n".join(
        [
            markdown(table(columns, rows)),
            f"All {len(inputs.verdicts)} verdicts: {counts} (`results/verdicts.csv`).",
            _speed(inputs),
        ]
    )


def _speed(inputs: Inputs) -> str:
    timing = (inputs.bench or {}).get("lenet5", {}).get("microseconds_per_pattern", {})
    told = machine.training_time(inputs)
    if inputs.bench is None or "median" not in timing:
        return f"Speed: not measured yet; `{BENCH}` does it."
    text = f"Speed: {float(timing['median']):.3g} microseconds a pattern on one core"
    processor = inputs.bench.get("machine", {}).get("processor")
    if processor:
        text += f" ({processor})"
    lenet5 = inputs.bench["lenet5"]
    for key, other in (("eager", "eager autograd"), ("modern", "`lenet5-modern` in torch")):
        text += f", {float(lenet5[f'times_faster_than_{key}']['median']):.3g} times faster than "
        text += other
    text += f", {100 * float(lenet5['share_of_peak']['median']):.2g} % of the machine's peak"
    if told is not None:
        past, ours, _ = told
        text += f"; one training takes {ours.text}, in 1998 {past.text}"
    return f"{text} (`results/bench.json`)."


def systems(inputs: Inputs) -> str:
    """Figure 9: every system that has been run, 1998 beside ours; then those of no row of it."""
    column = "test_error_percent"
    rows = []
    for row in records(inputs.paper.systems):
        name = f"{row['system']}/{row['database']}"
        experiment = inputs.choices.systems.get(name, "")
        verdict = inputs.verdict(f"systems.error:{name}")
        if experiment in inputs.metrics and verdict is not None:
            past = f"{row[column]:g} %"
            rows.append((name, past, *_measured(inputs, experiment), verdict["verdict"]))
    variants = set(inputs.metrics) - set(inputs.choices.systems.values())
    for experiment in sorted(variants):
        if not experiment.startswith(OWN):
            rows.append((f"`{experiment}`", "-", *_measured(inputs, experiment), "-"))
    return markdown(table(("system", "1998", "ours", "runs", "verdict"), rows))


def _measured(inputs: Inputs, experiment: str) -> tuple[str, str]:
    """The test error, and of how many runs."""
    values = inputs.values(experiment, "test_error_percent")
    spread = f" (sd {np.std(values, ddof=1):.2f})" if len(values) > 1 else ""
    return f"{np.mean(values):.2f} %{spread}", str(len(values))


def readings(inputs: Inputs) -> str:
    """The nearest readings, ranked, then those that diverged."""
    if inputs.readings is None:
        return f"Not there yet: `{READINGS}` makes it."
    ranked = ranked_readings.unique_readings(inputs.readings)
    ours = ranked_readings.adopted(ranked)
    fine = ranked[ranked["distance"].notna()]
    columns = ("", "reading", "distance", "curves, points", "training, %", "test, %")
    shown = [
        (place, row)
        for place, row in enumerate(records(fine), start=1)
        if place <= _SHOWN_READINGS or row["reading"] == ours
    ]
    rows = [
        (
            str(place),
            ranked_readings.short(row["reading"]) + (" (ours)" if row["reading"] == ours else ""),
            f"{row['distance']:.2f}",
            f"{row['rms']:.3f} ({row['rms_low']:.3f} to {row['rms_high']:.3f})",
            f"{row['training_error']:.2f}",
            f"{row['test_error']:.2f}",
        )
        for place, row in shown
    ]
    lost = [ranked_readings.short(name) for name in ranked["reading"][ranked["distance"].isna()]]
    text = f"{len(rows)} of {len(fine)} readings; all are in `results/readings.csv`."
    if lost:
        text += f" Diverged: {'; '.join(lost)}."
    return f"{markdown(Table(columns, tuple(rows), frozenset({0, 2, 4, 5})))}\n\n{text}"


def variance(inputs: Inputs) -> str:
    """The spread by source."""
    if inputs.variance is None:
        return f"Not there yet: `{COMPARE}` makes it from the experiments that vary one source."
    columns = ("varied", "runs", "test, mean", "test, sd (interval)", "training, sd",
               "share of variance")  # fmt: skip
    rows = [
        (
            str(row["source"]),
            str(row["replicates"]),
            f"{row['test_mean']:.3f} %",
            f"{row['test_sd']:.3f} ({row['test_sd_low']:.3f} to {row['test_sd_high']:.3f})",
            f"{row['training_sd']:.3f}",
            f"{row['share_of_variance']:.2f}",
        )
        for row in records(inputs.variance)
    ]
    return markdown(Table(columns, tuple(rows), frozenset({1, 2, 4, 5})))


def distortions(inputs: Inputs) -> str:
    """The distributions that were chosen for Figure 7's distortions."""
    if inputs.distortions is None:
        return f"Not there yet: `{DISTORTIONS}` makes it."
    fits = inputs.distortions
    columns = ("quantity", "read as", "distribution", "parameters", "p")
    rows = [
        (
            str(row["quantity"]),
            str(row["reading"]),
            str(row["distribution"]),
            _parameters(row),
            "" if row["p"] != row["p"] else f"{row['p']:.2f}",
        )
        for row in records(fits[fits["chosen"].astype(bool)])
    ]
    return markdown(Table(columns, tuple(rows), frozenset({4})))


def _parameters(row: Mapping[str, float]) -> str:
    if row["low"] == row["low"]:
        return f"{row['low']:.3g} to {row['high']:.3g}"
    return f"{row['mean']:.3g}, sd {row['sd']:.2g}"


def printed(inputs: Inputs) -> str:
    """What `make replicate` ends with where each replicate comes out as committed."""
    names = [name for name in inputs.metrics if name.startswith(OWN)]
    shown = side_by_side(inputs.paper, inputs.choices, names, inputs.metrics, inputs.metrics)
    return markdown(table(tuple(shown.columns), shown.to_numpy().tolist()))


BLOCKS: Mapping[str, Callable[[Inputs], str]] = {
    "results": results,
    "systems": systems,
    "printed": printed,
    "readings": readings,
    "variance": variance,
    "distortions": distortions,
}


def markdown(content: Table) -> str:
    """A table as GitHub renders it."""
    lines = [_line(content.columns)]
    lines.append(
        _line(["--:" if n in content.numeric else "---" for n in range(len(content.columns))])
    )
    return "\n".join([*lines, *(_line(row) for row in content.rows)])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def rendered(text: str, inputs: Inputs, source: str) -> str:
    """``text`` with its blocks as the files give them; ``source`` is named in messages.

    Raises ReplicationError when it has no block, an unknown one, or one that does not end.
    """
    pieces: list[str] = []
    done, opened = 0, ""
    for mark in _MARK.finditer(text):
        name, end = mark[1], mark[2] == "end"
        if end != bool(opened) or (end and name != opened):
            raise _bad(source, f"has `{mark[0]}` where it closes nothing or opens within another")
        if name not in BLOCKS:
            raise _bad(source, f"has the unknown block `{name}`, not {', '.join(BLOCKS)}")
        if end:
            pieces.append(BLOCKS[name](inputs) + "\n")
            opened, done = "", mark.start()
        else:
            pieces.append(text[done : mark.end()] + "\n")
            opened = name
    if opened:
        raise _bad(source, f"has `<!-- {opened}:begin -->` but no `<!-- {opened}:end -->`")
    if not pieces:
        raise _bad(source, "has no block such as `<!-- results:begin -->`")
    return "".join(pieces) + text[done:]


def rewrite(path: Path, inputs: Inputs) -> bool:
    """Bring the blocks of a text up to date in place; whether anything changed.

    Raises ReplicationError as `rendered` does, and when the file cannot be read.
    """
    try:
        before = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReplicationError(
            f"{path} is missing or cannot be read: restore it with `git checkout {path.as_posix()}`"
        ) from error
    after = rendered(before, inputs, str(path))
    if after != before:
        write_text(path, after)
    return after != before


def _bad(source: str, what: str) -> ReplicationError:
    return ReplicationError(f"{source} {what}: mend its markers")
