"""The benchmark of stage 1: what it measures of each search, and what it refuses."""

import json
from pathlib import Path

import pytest

from fdemd.bench.__main__ import main
from fdemd.bench.stage1 import SEARCHES, _exactly, _searched, _section
from fdemd.bench.stage1_making import embeddings, queries_of

pytest.importorskip("faiss")


@pytest.mark.parametrize("search", SEARCHES)
def test_every_search_is_measured_beside_the_exact_one(search: str, tmp_path: Path) -> None:
    path = tmp_path / "e.f16"
    gallery = embeddings(path, 600, 64)
    query = queries_of(gallery, 6)
    exact, _ = _exactly(query, gallery, 10)
    found = _searched(_section(search, {"nlist": 8, "nprobe": 8}), path, 600, query, exact, 1)
    assert found.search.startswith(search)
    assert found.recall > 0.9, "all cells are searched"
    assert found.milliseconds > 0 and found.milliseconds_alone > 0
    assert found.most_memory >= 0.9 * found.index_memory > 0  # other threads free some meanwhile


@pytest.mark.slow
def test_the_command_prints_a_table_and_writes_the_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "--rows",
        "600",
        "--length",
        "64",
        "--queries",
        "5",
        "--searches",
        "exact",
        "faiss_ivfpq",
        "--threads",
        "1",
    ]
    assert main(["stage1", *words, "--json", str(tmp_path / "s.json")]) == 0
    assert "recall@100" in capsys.readouterr().out
    found = json.loads((tmp_path / "s.json").read_text())
    assert [each["search"].split()[0] for each in found["searches"]] == ["exact", "faiss_ivfpq"]
    assert found["searches"][0]["recall"] == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--rows", "0"], "--rows is 0"),
        (["--json", "nowhere/a.json"], "--json nowhere/a.json"),
        (["--rows", "1000000000000"], "has no room for the embeddings"),
    ],
)
def test_a_wrong_option_is_one_sentence(options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stage1", *options]) == 2
    assert sentence in capsys.readouterr().err
