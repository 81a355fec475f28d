"""A study: every method beside the same first stage, each as an evaluation of it alone would give it."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fdemd.backbones import Backbone
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.manifest import Manifest, Photograph
from fdemd.embedding.data import EmbeddedData
from fdemd.embedding.datasets import EmbeddedFaces
from fdemd.features import Features
from fdemd.retrieval.alpha import build_alpha
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, OFFICIAL
from fdemd.retrieval.rerankers import build_reranker
from fdemd.retrieval.second_stage import SecondStage
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.scoring.closed_set import BEST_POSSIBLE, GAIN, STAGE_1, STAGE_2, compare_stages
from fdemd.scoring.study import Outcome, StudyComparison, method_facts
from fdemd.settings.methods import Method
from fdemd.settings.ranking import EmdRerank, KReciprocalRerank, QueryExpansionRerank, Reranking

PEOPLE, EACH = 5, 4
COUNT = PEOPLE * EACH
ROWS, MISSED = torch.arange(COUNT - 1), torch.tensor([COUNT - 1])
"""The last photograph shows no face once it is masked."""


def faces(noise: float, seed: int) -> Features:
    generator, person = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(0)
    patches = torch.randn(PEOPLE, 16, 8, generator=person).repeat_interleave(EACH, 0)
    patches = patches + noise * torch.randn(patches.shape, generator=generator)
    return Features(patches.flatten(1) @ torch.randn(128, 8, generator=person), patches, (4, 4))


MANIFEST = Manifest(Path(), tuple(Photograph(f"{n}.png", f"person {n // EACH}", f"{n}.png") for n in range(COUNT)))
DATA = EmbeddedData(
    cast(Backbone, None),
    cast(
        FaceDataModule,
        SimpleNamespace(manifest=MANIFEST, query_rows=ROWS, missed_rows=MISSED, gallery_rows=torch.arange(COUNT)),
    ),
    {
        "clean": EmbeddedFaces(faces(1.0, 1), torch.arange(COUNT), name="gallery"),
        "mask": EmbeddedFaces(faces(2.0, 2), torch.arange(COUNT), name="masked"),
    },
)
RERANKERS = [
    EmdRerank(),
    EmdRerank(stop="official", grid=(2, 2)),
    QueryExpansionRerank(n=8),
    KReciprocalRerank(k1=4, k2=2),
]


def compare(methods: list[Method], cache: Path | None = None) -> StudyComparison:
    return StudyComparison(DATA, methods, rows=ROWS, missed=MISSED, cache=cache)


def named(outcomes: list[Outcome], name: str) -> list[Outcome]:
    return [each for each in outcomes if each.facts["method"] == name]


METHODS = st.builds(
    Method, st.sampled_from(RERANKERS), st.sampled_from([0.3, 1.0, "auto"]), st.sampled_from([1, 3, 10, 50, None])
)


@given(st.lists(METHODS, min_size=2, max_size=4, unique=True), st.sampled_from([OFFICIAL, LEAVE_TWIN_OUT]))
@settings(max_examples=25)
def test_a_row_is_that_of_an_evaluation_of_the_method_alone(methods: list[Method], protocol: str) -> None:
    outcomes = compare(methods).outcomes("mask", [protocol])
    rows = outcomes[-len(methods) :]
    for method, row in zip(methods, rows, strict=True):
        alpha = build_alpha(method.alpha, method.settings, DATA.backbone)
        stage = SecondStage(build_reranker(method.settings), alpha, method.k)
        search = TwoStageSearch(*DATA.gallery(), [stage])
        given_faces = DATA.query("mask", ROWS)
        (alone,) = compare_stages(
            search, "mask", *given_faces, protocols=[protocol], missed=DATA.missed("mask", MISSED)
        )
        assert row.figures == alone.figures[STAGE_2], method
        assert row.gains == alone.figures[GAIN]
        assert (row.queries, row.missed, row.lone) == (alone.queries, alone.missed, alone.lone)
        assert named(outcomes, STAGE_1)[0].figures == alone.figures[STAGE_1]
        if method.k:
            (best,) = (each for each in named(outcomes, BEST_POSSIBLE) if each.facts["k"] == method.k)
            assert best.figures == alone.figures[BEST_POSSIBLE]


def test_places_of_the_right_person_are_counted_from_1() -> None:
    (row,) = named(compare([Method(EmdRerank(), 1.0, None)]).outcomes("mask", [OFFICIAL]), "emd")
    assert row.ranks is not None
    assert row.ranks.shape == (COUNT - 1,)
    assert (row.ranks == 1).double().sum() / COUNT == pytest.approx(row.figures["P@1"].mean), "a missed face is wrong"


def test_a_second_run_finds_its_similarities_and_tells_the_time_that_they_took(tmp_path: Path) -> None:
    methods = [Method(KReciprocalRerank(k1=4, k2=2), 0.7, 5), Method(QueryExpansionRerank(n=3), 1.0, 5)]
    first, again = (compare(methods, tmp_path).outcomes("mask", [OFFICIAL]) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert one.figures == other.figures
    assert named(first, "k_reciprocal")[0].seconds == pytest.approx(named(again, "k_reciprocal")[0].seconds)
    assert len(list((tmp_path / "similarities").iterdir())) == 1, "query expansion takes no time"


@pytest.mark.parametrize(
    ("rerank", "facts"),
    [
        (EmdRerank(), {"method": "emd", "weighting": "apc", "patches": "raw", "grid": "8x8"}),
        (KReciprocalRerank(k1=4), {"method": "k_reciprocal", "weighting": "k1 4 k2 6", "patches": "", "grid": ""}),
    ],
)
def test_a_method_is_named_by_what_was_compared(rerank: Reranking, facts: dict[str, str]) -> None:
    assert method_facts(Method(rerank, 0.7, None), (8, 8)) == facts | {"alpha": 0.7, "k": "all"}
    seen = method_facts(Method(EmdRerank(visible="partial"), 0.7, 100), (8, 8))
    assert seen["weighting"] == "apc, visible partial"
