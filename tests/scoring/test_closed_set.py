"""Both stages with their figures: the same for any order of queries, and nothing computed twice."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from fdemd.features import Features
from fdemd.metrics.identification import IDENTIFICATION
from fdemd.retrieval.protocol import LEAVE_ONE_OUT, LEAVE_TWIN_OUT, OFFICIAL, PROTOCOLS, Labels
from fdemd.retrieval.second_stage import second_stages
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.scoring.closed_set import BEST_POSSIBLE, GAIN, STAGE_1, STAGE_2, Comparison, compare_stages
from fdemd.settings.ranking import EmdRerank

PEOPLE, EACH = 6, 4
COUNT = PEOPLE * EACH
WHO = Labels(torch.arange(COUNT) // EACH, torch.arange(COUNT), torch.arange(COUNT))
OCCLUDED = Labels(WHO.identity, WHO.source, -1 - torch.arange(COUNT))
NOBODY_MISSED = OCCLUDED[:0]


def faces(noise: float, seed: int) -> Features:
    """Faces whose patches are those of their person, blurred by noise."""
    person = torch.Generator().manual_seed(0)
    patches = torch.randn(PEOPLE, 16, 8, generator=person).repeat_interleave(EACH, 0)
    patches = patches + noise * torch.randn(patches.shape, generator=torch.Generator().manual_seed(seed))
    return Features(patches.flatten(1) @ torch.randn(128, 8, generator=person), patches, (4, 4))


def compare(
    query: Features, labels: Labels = OCCLUDED, settings: EmdRerank | None = None, **options: object
) -> list[Comparison]:
    search = TwoStageSearch(faces(1.0, seed=1), WHO, second_stages(settings or EmdRerank(k=10)))
    arguments: dict = {"protocols": PROTOCOLS, "missed": NOBODY_MISSED}
    return compare_stages(search, "mask", query, labels, **(arguments | options))


def test_both_protocols_and_three_stages_are_reported() -> None:
    comparisons = compare(faces(2.0, seed=2))
    assert [comparison.protocol for comparison in comparisons] == [LEAVE_TWIN_OUT, OFFICIAL]
    for comparison in comparisons:
        assert list(comparison.figures) == [STAGE_1, STAGE_2, GAIN, BEST_POSSIBLE]
        for name, best in comparison.figures[BEST_POSSIBLE].items():
            assert comparison.figures[STAGE_2][name].mean <= best.mean + 1e-12


def test_queries_that_are_the_gallery_are_leave_one_out_once() -> None:
    comparisons = compare(faces(1.0, seed=1), labels=WHO)
    assert [comparison.protocol for comparison in comparisons] == [LEAVE_ONE_OUT]


def test_alpha_0_is_stage_1() -> None:
    for comparison in compare(faces(2.0, seed=2), settings=EmdRerank(alpha=0, k=10)):
        assert comparison.figures[STAGE_1] == comparison.figures[STAGE_2]


def test_the_order_of_the_queries_changes_no_ranking() -> None:
    query, order = faces(2.0, seed=2), torch.randperm(COUNT)
    for straight, shuffled in zip(compare(query), compare(query[order], OCCLUDED[order]), strict=True):
        assert torch.equal(straight.stage2.indices[order], shuffled.stage2.indices)
        for stage, figures in straight.figures.items():
            for name, estimate in figures.items():
                assert shuffled.figures[stage][name].mean == pytest.approx(estimate.mean)


@pytest.mark.parametrize("stop", ["converged", "official"])
def test_sharing_pairs_between_protocols_changes_nothing(stop: str) -> None:
    query, settings = faces(2.0, seed=2), EmdRerank(k=10, stop=stop)
    together = compare(query, settings=settings)
    apart = [compare(query, settings=settings, protocols=[protocol])[0] for protocol in PROTOCOLS]
    for one, other in zip(together, apart, strict=True):
        assert torch.equal(one.stage2.indices, other.stage2.indices)
        torch.testing.assert_close(one.stage2.scores, other.stage2.scores, atol=2e-6, rtol=0)


def test_a_query_whose_face_was_not_found_is_a_miss() -> None:
    query = faces(0.1, seed=2)
    missed = Labels(torch.tensor([0, 0, 3]), torch.tensor([100, 101, 102]), torch.tensor([-100, -101, -102]))
    without, with_misses = compare(query)[0], compare(query, missed=missed)[0]
    assert with_misses.queries == without.queries + 3
    expected = without.figures[STAGE_1]["P@1"].mean * COUNT / (COUNT + 3)
    assert with_misses.figures[STAGE_1]["P@1"].mean == pytest.approx(expected)


def test_a_missed_query_that_nobody_could_answer_is_lone() -> None:
    stranger = Labels(torch.tensor([77]), torch.tensor([100]), torch.tensor([-100]))
    comparison = compare(faces(2.0, seed=2), missed=stranger)[0]
    assert (comparison.missed, comparison.lone, comparison.queries) == (0, 1, COUNT)


def test_twins_in_the_gallery_keep_the_protocols_apart() -> None:
    """Originals and edited copies, all of them queries and gallery: a copy may be found under `official` only."""
    both = Labels(WHO.identity, WHO.source // 2, WHO.picture)
    everyone = faces(1.0, seed=1)
    search = TwoStageSearch(everyone, both)
    apart, official = compare_stages(search, "clean", everyone, both, protocols=PROTOCOLS, missed=NOBODY_MISSED)
    assert (apart.protocol, official.protocol) == (LEAVE_TWIN_OUT, OFFICIAL)
    assert official.stage1.indices.shape[1] == apart.stage1.indices.shape[1] + 1 or official.figures != apart.figures


def test_fallbacks_are_counted_for_each_protocol_by_itself() -> None:
    query = faces(2.0, seed=2)
    opposite = Features(query.embedding, -query.patches.abs(), query.grid)
    gallery = Features(faces(1.0, 1).embedding, faces(1.0, 1).patches.abs(), query.grid)
    for stop in ("converged", "official"):
        search = TwoStageSearch(gallery, WHO, second_stages(EmdRerank(k=10, stop=stop)))
        arguments: dict = {"protocols": PROTOCOLS, "missed": NOBODY_MISSED}
        for comparison in compare_stages(search, "mask", opposite, OCCLUDED, **arguments):
            assert comparison.fallbacks == 10 * COUNT


def test_lone_queries_are_counted_not_averaged() -> None:
    alone = Labels(torch.where(torch.arange(COUNT) == 0, 99, WHO.identity), OCCLUDED.source, OCCLUDED.picture)
    comparison = compare(faces(2.0, seed=2), alone)[0]
    assert (comparison.lone, comparison.queries) == (1, COUNT - 1)


def test_k_beyond_the_gallery_is_the_gallery() -> None:
    whole, beyond = (compare(faces(2.0, seed=2), settings=EmdRerank(k=k))[1] for k in (COUNT, 1000))
    assert torch.equal(whole.stage2.indices, beyond.stage2.indices)


def test_each_figure_is_computed_once_a_ranking() -> None:
    calls: list[str] = []

    def counted(name: str, figure: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
        def call(hits: Tensor, relevant: Tensor) -> Tensor:
            calls.append(name)
            return figure(hits, relevant)

        return call

    figures = {name: counted(name, figure) for name, figure in IDENTIFICATION.items()}
    compared = compare(faces(2.0, seed=2), metrics=figures)
    assert calls == [*figures] * 3 * len(compared), "stage 1, stage 2 and the best possible"


@pytest.mark.parametrize("rerank", [EmdRerank(k=10), EmdRerank(k=10, grid=(2, 2)), None])
def test_queries_none_of_which_shows_a_face_are_misses_all(rerank: EmdRerank | None) -> None:
    search = TwoStageSearch(faces(1.0, seed=1), WHO, second_stages(rerank))
    nothing = faces(2.0, seed=2)[:0]
    arguments: dict = {"protocols": [OFFICIAL], "missed": OCCLUDED}
    (comparison,) = compare_stages(search, "mask", nothing, OCCLUDED[:0], **arguments)
    assert (comparison.queries, comparison.missed) == (COUNT, COUNT)
    assert {estimate.mean for estimate in comparison.figures[STAGE_1].values()} == {0.0}
