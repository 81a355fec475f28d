"""Lines of cells by column -> a table as Markdown, or for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from fdemd.files.text import shown


def markdown_lines(title: str, cells: Sequence[Mapping[str, str]], notes: Sequence[str]) -> str:
    """A Markdown table with its title above and its notes below."""
    lines = [f"### {title}", "", "| " + " | ".join(cells[0]) + " |", "|" + " --- |" * len(cells[0])]
    lines += ["| " + " | ".join(line.values()) + " |" for line in cells]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes), ""])


def terminal_lines(
    title: str, cells: Sequence[Mapping[str, str]], notes: Sequence[str], left: Sequence[str] = ()
) -> Group:
    """A table for the terminal; the columns named in ``left`` are aligned to the left, the others hold numbers."""
    table = Table(box=box.SIMPLE, padding=0, show_edge=False)  # fits 80 columns
    for column in cells[0]:
        table.add_column(column, justify="left" if column in left else "right", no_wrap=True)
    for line in cells:
        table.add_row(*(Text(shown(cell)) for cell in line.values()))
    # Beside the table, not of it: a narrow one would break them into words.
    return Group(
        Text(shown(title), style="table.title"), table, Text("\n".join(map(shown, notes)), style="table.caption")
    )
