"""Tables as Markdown, for README.md and paper_notes.md."""

from __future__ import annotations

from collections.abc import Sequence

from replication.report.drawing import Table


def markdown(content: Table) -> str:
    """A table as GitHub renders it."""
    lines = [_line(content.columns)]
    lines.append(
        _line(["--:" if n in content.numeric else "---" for n in range(len(content.columns))])
    )
    return "\n".join([*lines, *(_line(row) for row in content.rows)])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
