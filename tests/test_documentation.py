"""Every Python snippet of the README and of docs/python.md runs, in its order, on real photographs."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import fdemd
from fdemd.data.sources import orl_manifest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/python.md")


def snippets(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture
def yours() -> dict[str, object]:
    """What the snippets take for the reader's own: arrays of 8 queries and 30 gallery faces of 10 people."""
    rng = np.random.default_rng(0)
    people = rng.normal(size=(10, 4, 4, 16))

    def faces(count: int) -> np.ndarray:
        return (people[np.arange(count) % 10] + 0.5 * rng.normal(size=(count, 4, 4, 16))).astype(np.float32)

    query, gallery = faces(8), faces(30)
    return {
        "query_patches": query,
        "query_embeddings": query.mean((1, 2)),
        "query_names": [f"person {number % 10}" for number in range(8)],
        "gallery_patches": gallery,
        "gallery_embeddings": gallery.mean((1, 2)),
        "gallery_names": [f"person {number % 10}" for number in range(30)],
        "gallery_files": [f"{number}.jpg" for number in range(30)],
    }


@pytest.mark.parametrize("page", PAGES)
def test_snippets_run(page: str, yours: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orl = orl_manifest()
    for name in ("s1/1.pgm", "s1/2.pgm", "s2/1.pgm"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(orl.root / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    given = {} if page == "docs/python.md" else yours  # which makes up its own arrays
    for number, snippet in enumerate(snippets(page), 1):
        exec(compile(snippet, f"{page}, snippet {number}", "exec"), given)


def test_the_page_names_every_public_name() -> None:
    page = (ROOT / "docs/python.md").read_text()
    assert [name for name in fdemd.__all__ if f"`{name}" not in page] == []
