"""One self-contained HTML page: text, tables and figures, nothing fetched from anywhere."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from fdemd.files.writing import write_text
from fdemd.report.table import Table

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #8886; text-align: right; white-space: nowrap; }
th { text-align: right; } .left { text-align: left; }
figure { margin: 1rem 0; } img { max-width: 100%; height: auto; background: #fff; }
figcaption, .notes { font-size: .875rem; opacity: .85; }
"""
_KINDS = {".png": "image/png", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Figure:
    """A picture that becomes part of the page.

    Attributes:
        title: What it shows.
        file: PNG or SVG.
    """

    title: str
    file: Path


def save_page(path: Path, title: str, blocks: Sequence[Table | Figure], notes: Sequence[str] = ()) -> None:
    """Write a page.

    Args:
        path: File to write.
        title: Heading of the page.
        blocks: Tables and figures, in order.
        notes: Sentences below the heading.

    Raises:
        InputError: The page cannot be written.
    """
    body = [f"<h1>{escape(title)}</h1>", _notes(notes)]
    body += [_table(block) if isinstance(block, Table) else _figure(block) for block in blocks]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    style = f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    page = f'<!doctype html><html lang="en"><head>{head}{style}</head><body>{"".join(body)}</body></html>\n'
    write_text(path, page)


def _table(block: Table) -> str:
    columns = list(block.cells[0])
    kinds = {column: ' class="left"' if column in block.words else "" for column in columns}
    head = "".join(f"<th{kinds[column]}>{escape(column)}</th>" for column in columns)
    lines = "".join(
        f"<tr>{''.join(f'<td{kinds[column]}>{escape(line[column])}</td>' for column in columns)}</tr>"
        for line in block.cells
    )
    table = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
    return f"<section><h2>{escape(block.title)}</h2>{table}{_notes(block.notes)}</section>"


def _figure(block: Figure) -> str:
    data = base64.b64encode(block.file.read_bytes()).decode("ascii")
    source = f"data:{_KINDS[block.file.suffix]};base64,{data}"
    title = escape(block.title)
    return f'<figure><img alt="{title}" src="{source}"><figcaption>{title}</figcaption></figure>'


def _notes(notes: Sequence[str]) -> str:
    return f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul>' if notes else ""
