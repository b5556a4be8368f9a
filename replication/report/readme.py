"""The numbers in README.md and paper_notes.md, rendered from the files of results/."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from replication.report import listings, machine
from replication.report.drawing import table
from replication.report.inputs import Inputs, records
from replication.report.markdown import markdown
from replication.report.parts import Block
from replication.verdicts.claim_experiments import OWN, compare_with_1998
from replication.verdicts.evidence import OUTCOMES


def results(inputs: Inputs) -> str:
    """The headline as a table, how many verdicts of each kind there are, and the speed."""
    rows = [
        (
            row.name,
            row.published.text,
            row.ours.text + (f" ({row.spread})" if row.spread else ""),
            row.interval.text,
            row.replicates.text,
            row.role,
            row.verdict,
        )
        for row in listings.headline(inputs)
    ]
    interval = f"{100 * inputs.choices.confidence:g} % for one more run"
    columns = ("", "1998", "ours", interval, "runs", "role", "verdict")
    entries = listings.entries(inputs)
    columns_by_role = ("role", "what agreement proves", *OUTCOMES)
    by_role = [
        (role, meaning, *(count for _, count in counts))
        for role, meaning, counts in listings.by_role(entries)
    ]
    return "\n\n".join(
        [
            markdown(table(columns, rows)),
            f"All {len(entries)} verdicts (`results/verdicts.csv`) by role:",
            markdown(table(columns_by_role, by_role)),
            " ".join(["Speed:", *machine.speed(inputs), "(`results/bench.json`)"]),
        ]
    )


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


def printed(inputs: Inputs) -> str:
    """What `make replicate` ends with where each replicate comes out as committed."""
    names = [name for name in inputs.metrics if name.startswith(OWN)]
    shown = compare_with_1998(inputs.paper, inputs.choices, names, inputs.metrics, inputs.metrics)
    return markdown(table(tuple(shown.columns), shown.to_numpy().tolist()))


BLOCKS: Mapping[str, Callable[[Inputs], str]] = {
    "results": results,
    "systems": systems,
    "printed": printed,
}


def blocks(inputs: Inputs, studies: Sequence[Block]) -> dict[str, Callable[[], str]]:
    """What makes each block, by its name: ours, and those of the studies."""
    makers = {**BLOCKS, **{block.name: block.text for block in studies}}
    return {name: partial(make, inputs) for name, make in makers.items()}
