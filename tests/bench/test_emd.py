"""The benchmark of the second stage: that its contenders compute one thing, and what its command leaves behind."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from scipy.stats import kendalltau

from fdemd.bench.__main__ import main
from fdemd.bench.emd_contenders import EPS, EXACT, PUBLISHED, Task, contenders
from fdemd.bench.emd_faces import nearest
from fdemd.bench.emd_measure import kendall_tau, measure
from fdemd.bench.emd_task import measure_task
from fdemd.emd import Converged, Official, emd_similarity
from fdemd.features import Features


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    """The command sets the number of threads of the whole process."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def made_up(count: int = 12) -> Features:
    patches = torch.rand(count, 9, 16, generator=torch.Generator().manual_seed(0))
    return Features(patches.flatten(1), patches, (3, 3))


def task() -> Task:
    faces = made_up()
    return Task(faces, faces, nearest(faces.centre, slice(None), 5))


def test_the_published_algorithm_is_the_official_stop() -> None:
    of = task()
    run = next(each for each in contenders() if each.name == PUBLISHED).prepare(of)
    expected = emd_similarity(of.query, of.gallery, of.candidates, eps=EPS, stop=Official()).similarity
    torch.testing.assert_close(run(slice(None)), expected, atol=1e-5, rtol=0)


def test_every_contender_that_converges_gives_the_converged_score() -> None:
    of = task()
    converged = emd_similarity(of.query, of.gallery, of.candidates, eps=EPS, stop=Converged(1e-6, 20000)).similarity
    compared = [each for each in contenders() if each.name not in (PUBLISHED, EXACT) and "products" not in each.name]
    for contender in compared:
        rows = slice(2, 7)
        torch.testing.assert_close(contender.prepare(of)(rows).float(), converged[rows], atol=4e-3, rtol=0)


def test_a_query_is_not_its_own_candidate() -> None:
    faces = made_up()
    found = nearest(faces.centre, slice(3, 6), 11)
    assert [sorted(row) for row in found.tolist()] == [[g for g in range(12) if g != q] for q in (3, 4, 5)]


def test_kendall_tau_is_scipys_without_ties() -> None:
    one, other = torch.rand(4, 10), torch.rand(4, 10)
    expected = sum(kendalltau(a, b).statistic for a, b in zip(one, other, strict=True)) / 4
    assert kendall_tau(one, other) == pytest.approx(expected)
    assert kendall_tau(one, -one) == -1


def test_ratios_are_to_the_published_algorithm_and_to_the_floor() -> None:
    results = {each.contender: each for each in measure("3x3x16", task(), contenders(), seconds=0, sample=3)}
    assert results[PUBLISHED].times_published == 1
    assert results["reference float32"].share_of_floor is None
    assert results["reference float32"].tau_converged == pytest.approx(1, abs=0.2)
    for name, result in results.items():
        assert result.pairs_per_second > 0 and result.rounds >= 3
        assert (result.error is None) == (name == EXACT or name.startswith("products"))


def test_the_whole_task_is_told_beside_the_published_time() -> None:
    found = measure_task(made_up(), k=5)
    assert (found.queries, found.k, found.published_queries, found.unfinished) == (12, 5, 12, 0)
    assert min(found.seconds, found.published_seconds) > 0


def test_the_command_leaves_a_table_a_picture_and_the_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--faces", "8", "--k", "3", "--sample", "2", "--seconds", "0", "--output", str(tmp_path)]
    assert main(["emd", "3x3x128", *few]) == 0
    assert "published" in capsys.readouterr().out
    folder = next(tmp_path.iterdir())
    assert (folder / "speed.png").stat().st_size > 1000
    figures = json.loads((folder / "speed.json").read_text())
    assert {result["grid"] for result in figures["results"]} == {"3x3x128"}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["9x9x128"], "unknown grid '9x9x128'"),
        (["--k", "0"], "--k is 0"),
        (["--faces", "5", "--k", "5"], "a query has 4 others"),
        (["--weights", "/nonexistent"], "no weight file in /nonexistent"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    options: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["emd", *options, "--output", str(tmp_path)]) == 2
    assert complaint in capsys.readouterr().err.lower()
    assert not list(tmp_path.iterdir())
