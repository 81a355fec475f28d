"""The figures of a validation are those of an evaluation, on any number of processes."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from fdemd.data.manifest import Manifest, Photograph
from fdemd.embedding.labels import labels_of
from fdemd.features import Features
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT
from fdemd.retrieval.second_stage import second_stages
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.scoring.closed_set import compare_stages
from fdemd.settings.ranking import EmdRerank, Reranking
from fdemd.training.validation import SELECTED_BY, IdentificationMetric, figures_of
from tests.two_processes import in_two_processes

KINDS = ("clean", "mask")
PEOPLE, EACH = 4, 3
ROWS = torch.arange(PEOPLE * EACH)
RERANK = EmdRerank(k=5)


def validation_faces() -> Any:
    """What the metric looks at of a data module: photographs, kinds of query, and rows."""
    names = [(f"p{row // EACH}", f"p{row // EACH}/{row % EACH}.jpg") for row in ROWS.tolist()]
    photographs = tuple(Photograph(path, person, path, is_query=True, is_gallery=True) for person, path in names)
    return SimpleNamespace(
        manifest=Manifest(Path("root"), photographs),
        makers=dict.fromkeys(KINDS),
        query_rows=ROWS,
        gallery_rows=ROWS,
        missed_rows=torch.tensor([], dtype=torch.long),
    )


def features_of(kind: int) -> Features:
    """Features of all faces as one kind of query: each person around a direction of their own."""
    generator = torch.Generator().manual_seed(kind)
    person = torch.eye(PEOPLE, 8)[ROWS // EACH]
    embedding = person + 0.5 * torch.randn(len(ROWS), 8, generator=generator)
    return Features(embedding, torch.rand(len(ROWS), 6, 5, generator=generator), (2, 3), torch.rand(len(ROWS), 68, 2))


def add_rows(metric: IdentificationMetric, rows: Tensor, batch_size: int = 5) -> None:
    """Add some rows of every kind, batch by batch."""
    for kind in range(len(KINDS)):
        for batch in rows.split(batch_size):
            metric.update(kind, batch, features_of(kind)[batch])


def expected_figures(rerank: Reranking | None) -> dict[str, float]:
    """The figures of the evaluation's own function, of all features at once."""
    manifest, comparisons = validation_faces().manifest, []
    gallery, who = features_of(0), labels_of(validation_faces().manifest, ROWS, occluded=False)
    search = TwoStageSearch(gallery, who, second_stages(rerank))
    for kind, name in enumerate(KINDS):
        comparisons += compare_stages(
            search,
            name,
            features_of(kind),
            labels_of(manifest, ROWS, occluded=name != "clean"),
            protocols=[LEAVE_TWIN_OUT],
            missed=labels_of(manifest, ROWS[:0], occluded=False),
            seed=0,
        )
    return figures_of(comparisons)


@pytest.mark.parametrize("rerank", [None, RERANK])
def test_figures_are_those_of_an_evaluation_whatever_the_order(rerank: Reranking | None) -> None:
    metric = IdentificationMetric(validation_faces(), rerank, seed=0)
    add_rows(metric, ROWS[torch.randperm(len(ROWS))])
    assert metric.compute() == expected_figures(rerank)
    assert [comparison.kind for comparison in metric.comparisons] == list(KINDS)


def test_the_figure_of_selection_is_the_mean_of_the_first_stages_map_at_r() -> None:
    figures = expected_figures(RERANK)
    chosen = [figures[f"validation/{kind}/stage 1/MAP@R"] for kind in KINDS]
    assert figures[SELECTED_BY] == pytest.approx(sum(chosen) / len(chosen))


def test_a_reset_forgets_the_features_of_other_weights() -> None:
    metric = IdentificationMetric(validation_faces(), None, seed=0)
    for _ in range(2):
        add_rows(metric, ROWS)
        figures = metric.compute()
        metric.reset()
    assert figures == expected_figures(None)
    assert not metric.embedding and not metric.state_dict(), "no checkpoint holds features"


def test_without_a_second_stage_no_patches_are_kept() -> None:
    metric = IdentificationMetric(validation_faces(), None, seed=0)
    add_rows(metric, ROWS)
    assert {tuple(patches.shape[1:]) for patches in metric.patches} == {(0, 5)}


def _share_of_a_process(rank: int, folder: str) -> None:
    metric = IdentificationMetric(validation_faces(), RERANK, seed=0)
    add_rows(metric, ROWS[:7] if rank else torch.cat([ROWS[7:], ROWS[:1]]))  # a face twice, and shares of two sizes
    figures = metric.compute()
    torch.save(figures, Path(folder, f"{rank}.pt"))


def test_two_processes_compute_the_figures_of_one(tmp_path: Path) -> None:
    in_two_processes(_share_of_a_process, tmp_path)
    for rank in range(2):
        assert torch.load(tmp_path / f"{rank}.pt", weights_only=True) == expected_figures(RERANK)
