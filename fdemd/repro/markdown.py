"""Tables of the pages of figures."""

from __future__ import annotations

from collections.abc import Sequence


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown.

    Args:
        header: Names of the columns.
        rows: Cells of each row.

    Examples:
        >>> markdown_table(["query", "P@1"], [["mask", "98.2"]])
        ['| query | P@1 |', '| --- | --- |', '| mask | 98.2 |']
    """
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows)]
