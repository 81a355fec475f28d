"""Lines of cells by column -> a table as Markdown, or for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from fdemd.files.text import to_printable


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
        table.add_row(*(Text(to_printable(cell)) for cell in line.values()))
    return framed(title, table, notes)


def framed(title: str, table: Table, notes: Sequence[str]) -> Group:
    """A table for the terminal between its title and its notes; a narrow one would break them if they were its own."""
    head, foot = (
        Text(to_printable(title), style="table.title"),
        Text("\n".join(map(to_printable, notes)), style="table.caption"),
    )
    return Group(head, table, foot) if notes else Group(head, table)


def unsaid(notes: Sequence[str], said: set[str]) -> list[str]:
    """The notes that no table before has below it; ``said`` learns them."""
    new = [note for note in dict.fromkeys(notes) if note not in said]
    said.update(new)
    return new


def say(console: Console, sentence: str) -> None:
    """Print a sentence as it is: names in it are no commands to the terminal and are not broken into lines."""
    console.print(to_printable(sentence), soft_wrap=True, markup=False, highlight=False)


def counts_sentence(counts: Mapping[str, int]) -> str:
    """The counts of people kept apart, see :mod:`fdemd.jobs.train_and_test`, in words."""
    parts = ", ".join(f"{count} {name}" for name, count in list(counts.items())[1:])
    return f"{counts['photographs']} photographs: {parts}."
