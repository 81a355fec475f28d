"""Lines of cells by column -> a table as Markdown, or for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table
from rich.text import Text


def markdown_lines(title: str, cells: Sequence[Mapping[str, str]], notes: Sequence[str]) -> str:
    """A Markdown table with its title above and its notes below."""
    lines = [f"### {title}", "", "| " + " | ".join(cells[0]) + " |", "|" + " --- |" * len(cells[0])]
    lines += ["| " + " | ".join(line.values()) + " |" for line in cells]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes), ""])


def terminal_lines(
    title: str, cells: Sequence[Mapping[str, str]], notes: Sequence[str], left: Sequence[str] = ()
) -> Table:
    """A table for the terminal; the columns named in ``left`` are aligned to the left, the others hold numbers."""
    table = Table(
        title=Text(title), caption=Text("\n".join(notes)), title_justify="left", caption_justify="left", box=box.SIMPLE
    )
    table.padding, table.show_edge = 0, False  # fits 80 columns
    for column in cells[0]:
        table.add_column(column, justify="left" if column in left else "right", no_wrap=True)
    for line in cells:
        table.add_row(*line.values())
    return table
