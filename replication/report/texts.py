"""The numbers in README.md and paper_notes.md: blocks between ``<!-- NAME:begin -->`` and its end.

Each is rendered from the files of results/.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path

import numpy as np

from replication.comparison.figures.drawing import markdown, table
from replication.comparison.figures.inputs import Block, Inputs
from replication.comparison.verdicts.evidence import OUTCOMES
from replication.comparison.verdicts.tables import OWN, compare_with_1998
from replication.errors import ReplicationError
from replication.files import write_text
from replication.report import performance, tables
from replication.report.systems import ERROR, lines

_MARK = re.compile(r"<!-- ([a-z]+):(begin|end) -->")
_BLOCK = re.compile(r"(<!-- ([a-z]+):begin -->).*?(<!-- \2:end -->)", re.DOTALL)


def replace_blocks(text: str, blocks: Mapping[str, Callable[[], str]], source: str) -> str:
    """Return ``text`` with its blocks made by ``blocks``; messages name ``source``.

    Raises ReplicationError when it has no block, an unknown one, or one that does not end.
    """
    marks = _MARK.findall(text)
    for (name, mark), (end_name, end) in zip_longest(marks[::2], marks[1::2], fillvalue=("", "")):
        if (mark, end) != ("begin", "end") or name != end_name:
            raise _mark_error(
                source, f"has no `<!-- {name}:end -->` right after `<!-- {name}:begin -->`"
            )
        if name not in blocks:
            raise _mark_error(source, f"has the unknown block `{name}`, not {', '.join(blocks)}")
    if not marks:
        raise _mark_error(source, f"has no block such as `<!-- {next(iter(blocks))}:begin -->`")
    return _BLOCK.sub(lambda match: f"{match[1]}\n{blocks[match[2]]()}\n{match[3]}", text)


def rewrite(path: Path, blocks: Mapping[str, Callable[[], str]]) -> bool:
    """Bring the blocks of a file up to date; return whether anything changed.

    Raises ReplicationError as `replace_blocks` does, and when the file cannot be read.
    """
    try:
        before = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReplicationError(
            f"{path} is missing or cannot be read: name a text that is there; a committed one "
            f"comes back with `git checkout {path.as_posix()}`"
        ) from error
    after = replace_blocks(before, blocks, str(path))
    if after != before:
        write_text(path, after)
    return after != before


def _mark_error(source: str, what: str) -> ReplicationError:
    return ReplicationError(f"{source} {what}: mend its markers")


def results(inputs: Inputs) -> str:
    """Return the headline as a table, the number of verdicts by role and outcome, and the speed."""
    rows = []
    for row in tables.headline(inputs):
        ours = row.ours.text + (f" ({row.spread})" if row.spread else "")
        numbers = (row.published.text, ours, row.interval.text, row.replicates.text)
        rows.append((row.name, *numbers, row.role, row.verdict))
    interval = f"{100 * inputs.choices.confidence:g} % for one more run"
    columns = ("", "1998", "ours", interval, "runs", "role", "verdict")
    columns_by_role = ("role", "what agreement proves", *OUTCOMES)
    by_role = [
        (role, meaning, *(count for _, count in counts))
        for role, meaning, counts in tables.by_role(inputs.verdicts)
    ]
    return "\n\n".join(
        [
            markdown(table(columns, rows)),
            f"All {len(inputs.verdicts)} verdicts (`results/verdicts.csv`) by role:",
            markdown(table(columns_by_role, by_role)),
            " ".join(["Speed:", *performance.speed(inputs), "(`results/bench.json`)"]),
        ]
    )


def systems(inputs: Inputs) -> str:
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


def replicate_summary(inputs: Inputs) -> str:
    """Return the final table of `make replicate` when each replicate comes out as committed."""
    names = [name for name in inputs.metrics if name.startswith(OWN)]
    errors = compare_with_1998(inputs.paper, inputs.choices, names, inputs.metrics, inputs.metrics)
    return markdown(table(tuple(errors.columns), errors.to_numpy().tolist()))


def blocks(inputs: Inputs, studies: Sequence[Block]) -> dict[str, Callable[[], str]]:
    """Return the maker of each block by name: ours, and those of the studies."""
    makers: dict[str, Callable[[Inputs], str]] = {"results": results, "systems": systems}
    makers |= {"printed": replicate_summary, **{block.name: block.text for block in studies}}
    return {name: partial(make, inputs) for name, make in makers.items()}
