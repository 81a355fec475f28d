"""What the documentation points at is there: files, headings, folders of the code, settings files."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

import fdemd

pytestmark = pytest.mark.checkout
ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
MOST_LINES_OF_README = 150

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"(?<![\w./-])((?:fdemd|data_prep|configs|tests|docs|results|\.ci|\.github)/[\w./-]*)")
"""A path of the repository, as prose and commands write it."""
PLACEHOLDER = re.compile(r"(?<![A-Z])(NAME|GROUP|CHOICE|ROOM)(?![A-Z])")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ +(.+?)\s*$", FENCE.sub("", text_of(page)), re.MULTILINE)
    texts = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", each).lower() for each in headings]
    return {re.sub(r"[^\w\- ]", "", each).replace(" ", "-") for each in texts}


def relative_links(page: Path) -> Iterator[tuple[Path, str]]:
    """Every link of a page to something in the repository: the file and the heading, empty without one."""
    for link in LINK.findall(FENCE.sub("", text_of(page))):
        if not re.match(r"[a-z]+:", link):
            path, _, anchor = unquote(link).partition("#")
            yield (page.parent / path if path else page), anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target, anchor in relative_links(page):
        assert target.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to #{anchor} of {target.name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_of_the_repository_that_a_page_names_exists(page: Path) -> None:
    named = {path.rstrip(".") for path in NAMED.findall(text_of(page)) if not PLACEHOLDER.search(path)}
    assert {path for path in named if not (ROOT / path).exists() and not (ROOT / "tests" / path).exists()} == set()


def test_every_test_that_the_page_on_reliability_names_exists() -> None:
    named = set(re.findall(r"[\w/]*test_[\w*]+\.py", text_of(ROOT / "docs" / "reliability.md")))
    assert named
    assert {name for name in named if not any((ROOT / "tests").rglob(name))} == set()


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, new = set(), {ROOT / "README.md"}
    while new:
        reached |= new
        linked = {target.resolve() for page in new for target, _ in relative_links(page) if target.suffix == ".md"}
        new = linked - reached
    assert {page for page in PAGES if page.parent.name == "docs"} <= reached


def test_the_readme_is_one_page() -> None:
    assert len(text_of(ROOT / "README.md").splitlines()) <= MOST_LINES_OF_README


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load(text_of(ROOT / "CITATION.cff"))
    assert citation["version"] == fdemd.__version__
    assert {"cff-version", "message", "title", "authors", "references"} <= citation.keys()
