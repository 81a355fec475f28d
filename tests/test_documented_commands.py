"""Every command of the documentation is one that fdemd takes: its settings exist and have values that they may have."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdemd.cli.command_line import plan

pytestmark = pytest.mark.checkout
ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
JOB = re.compile(r"^(?:fdemd (evaluate|train)|python (evaluate|train)\.py)(?= |$)")


def code_lines(page: Path) -> Iterator[str]:
    """Lines of code blocks, fenced or indented, and code within a sentence; a line that goes on is one."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    yield from (
        line.strip() for block in re.findall(r"^```bash\n(.*?)^```", text, re.M | re.S) for line in block.splitlines()
    )
    yield from (line.strip() for line in text.splitlines() if line.startswith("    "))
    yield from re.findall(r"`([^`\n]+)`", text)


def commands() -> list[tuple[str, str]]:
    found = ((page.name, line) for page in PAGES for line in code_lines(page))
    return sorted({(name, line) for name, line in found if JOB.match(line) and "..." not in line})


@pytest.mark.parametrize(("page", "line"), commands())
def test_command(page: str, line: str) -> None:
    job = next(filter(None, JOB.match(line).groups()))
    arguments = shlex.split(JOB.sub("", line), comments=True)
    if "--help" not in arguments:
        plan(job, arguments)
