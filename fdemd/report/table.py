"""A table of text, which is shown on the terminal, in Markdown and on a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from fdemd.files.text import to_printable

Cells = Mapping[str, str]
"""One line of a table: column -> text."""
_WIDEST = 1000
"""Signs that a line of a table has at most."""


@dataclass(frozen=True)
class Table:
    """A table between its title and its notes.

    Attributes:
        title: Heading above the table.
        cells: Lines, all with the same columns. A line whose first cell is empty belongs to the one above it.
        words: Columns that hold words and are aligned to the left; all others hold numbers.
        notes: Sentences below the table.
    """

    title: str
    cells: Sequence[Cells]
    words: Sequence[str] = ()
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        """Return the table as Markdown.

        >>> print(Table("On orl", [{"query": "mask", "P@1": "98.2"}], notes=["400 queries."]).markdown())
        ### On orl
        <BLANKLINE>
        | query | P@1 |
        | --- | --- |
        | mask | 98.2 |
        <BLANKLINE>
        - 400 queries.
        <BLANKLINE>
        """
        columns = list(self.cells[0])
        lines = [f"### {self.title}", "", "| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
        lines += ["| " + " | ".join(line.values()) + " |" for line in self.cells]
        return "\n".join([*lines, "", *(f"- {note}" for note in self.notes), ""])

    def print(self, console: Console) -> None:
        """Print the table; names in it that others chose are no commands to the terminal, and nothing is cut off."""
        body = RichTable(box=box.SIMPLE, padding=0, show_edge=False)
        for column in self.cells[0]:
            body.add_column(column, justify="left" if column in self.words else "right", no_wrap=True)
        firsts = [next(iter(line.values())) for line in self.cells]
        grouped = "" in firsts
        for line, following in zip(self.cells, [*firsts[1:], ""], strict=True):
            body.add_row(*(Text(to_printable(cell)) for cell in line.values()), end_section=grouped and following != "")
        console.print(Text(to_printable(self.title), style="table.title"))
        needed = console.measure(body, options=console.options.update(max_width=_WIDEST)).maximum
        width, console.width = console.width, max(console.width, needed)  # a narrow terminal breaks lines by itself
        console.print(body)
        console.width = width
        if self.notes:
            console.print(Text("\n".join(map(to_printable, self.notes)), style="table.caption"))


def print_tables(tables: Iterable[Table]) -> None:
    """Print tables to the terminal."""
    console = Console()
    for table in tables:
        table.print(console)


def print_sentence(sentence: str) -> None:
    """Print a sentence as it is: names in it are no commands to the terminal and are not broken into lines."""
    Console().print(to_printable(sentence), soft_wrap=True, markup=False, highlight=False)


def not_repeated(notes: Iterable[str], known: set[str]) -> list[str]:
    """Return the notes that stand below no earlier table.

    Args:
        notes: Notes of one table.
        known: Notes of the tables before; those of this one are added.
    """
    new = [note for note in dict.fromkeys(notes) if note not in known]
    known.update(new)
    return new
