"""Queries of all kinds together, each as it was searched for alone."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from torch.nn.functional import cosine_similarity

from fdemd.backbones import Backbone
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.manifest import Manifest, Photograph
from fdemd.embedding.data import EmbeddedData
from fdemd.embedding.datasets import EmbeddedFaces
from fdemd.features import Features
from fdemd.losses.scale_head import ScaleHead
from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.scoring.mixture import mixture_of
from fdemd.settings.ranking import EmdRerank

NAMES = ("ann", "ann", "ann", "bob", "bob", "carl")
"""Carl has one photograph: as a query he is lone."""
MANIFEST = Manifest(Path(), tuple(Photograph(f"{n}.png", name, f"{n}.png") for n, name in enumerate(NAMES)))
ROWS = torch.arange(6)


def faces(seed: int) -> Features:
    patches = torch.randn(6, 4, 8, generator=torch.Generator().manual_seed(seed))
    return Features(patches.mean(1), patches, (2, 2))


@pytest.fixture
def head() -> ScaleHead:
    return ScaleHead(32, hidden=4, limit=64.0).eval()


@pytest.fixture
def data() -> EmbeddedData:
    """The clean photographs, of which row 4 shows no face as a query, and the same ones masked."""
    rows = SimpleNamespace(
        manifest=MANIFEST, query_rows=ROWS[ROWS != 4], missed_rows=torch.tensor([4]), gallery_rows=ROWS[ROWS != 4]
    )
    features = {"clean": EmbeddedFaces(faces(0), ROWS), "mask": EmbeddedFaces(faces(1), ROWS)}
    return EmbeddedData(cast(Backbone, None), cast(FaceDataModule, rows), features)


def test_queries_with_a_right_answer_are_joined_kind_by_kind(data: EmbeddedData, head: ScaleHead) -> None:
    """Bob's other photograph shows no face, so that row 3 is lone, as is carl; both are so for both kinds."""
    found = mixture_of(data, head, None)
    assert found.kinds == ("clean", "mask")
    assert found.kind.tolist() == [0, 0, 0, 1, 1, 1]
    assert torch.equal(found.queries.embedding, torch.cat([faces(0).embedding[:3], faces(1).embedding[:3]]))
    assert (found.missed, found.lone) == (2, 4)
    assert list(found.right) == [STAGE_1]


def test_what_a_system_knows_of_each_query_is_that_of_its_first_place(data: EmbeddedData, head: ScaleHead) -> None:
    """The literal way: the largest cosine to any photograph but the query's own."""
    found, gallery = mixture_of(data, head, None), data.gallery()[0].embedding
    names = [NAMES[row] for row in data.faces.gallery_rows.tolist()]
    for number, query in enumerate(found.queries.embedding):
        cosine = cosine_similarity(query[None], gallery)
        cosine[number % 3] = -torch.inf
        assert found.first[number] == pytest.approx(float(cosine.max()), abs=1e-6)
        assert bool(found.right[STAGE_1][number]) == (names[int(cosine.argmax())] == "ann")


def test_logits_are_those_of_each_face_alone(data: EmbeddedData, head: ScaleHead) -> None:
    found = mixture_of(data, head, None)
    patches = torch.cat([faces(0).patches[:3], faces(1).patches[:3]])
    with torch.inference_mode():
        alone = torch.cat([head.logit(each[None]) for each in patches])
    torch.testing.assert_close(found.queries.logit.float(), alone)
    assert len(found.gallery.logit) == 5
    assert found.queries.logit.dtype == torch.float64


def test_with_a_second_stage_its_first_places_stand_beside_the_first_stage_s(
    data: EmbeddedData, head: ScaleHead
) -> None:
    pairs: list[int] = []
    found = mixture_of(data, head, EmdRerank(alpha=0.0, k=2), pairs.append)
    assert torch.equal(found.right[STAGE_2], found.right[STAGE_1]), "alpha 0 is stage 1"
    assert sum(pairs) == 2 * 5 * 2, "two candidates of five queries of two kinds"
