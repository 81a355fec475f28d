"""The pictured query of each kind: the first that only stage 2 gets right."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch

from fdemd.backbones import Backbone
from fdemd.data.evaluated import EvaluatedData
from fdemd.embedding.data import EmbeddedData
from fdemd.embedding.datasets import EmbeddedFaces
from fdemd.features import Features
from fdemd.scoring.closed_set import Comparison
from fdemd.scoring.pictured import picture_queries
from fdemd.settings.ranking import EmdRerank
from tests.report.conftest import compared, data, features, labels, manifest

__all__ = ["compared", "data", "features", "labels", "manifest"]

SETTINGS = EmdRerank(weighting="uniform", alpha=0.9, k=4)


@pytest.fixture
def embedded(data: EvaluatedData, features: dict[str, Features]) -> EmbeddedData:
    """As a run has them; each face is grey, as bright as its row."""
    faces = SimpleNamespace(
        manifest=data.manifest,
        query_rows=data.query_rows,
        gallery_rows=data.gallery_rows,
        faces=SimpleNamespace(face=lambda row: SimpleNamespace(image=np.full((4, 4, 3), row, np.uint8))),
        query_face=lambda kind, row: np.full((4, 4, 3), 100 + row, np.uint8),
    )
    of_kind = {
        "mask": EmbeddedFaces(features["query"], data.query_rows),
        "clean": EmbeddedFaces(features["gallery"], data.gallery_rows),
    }
    return cast(EmbeddedData, SimpleNamespace(faces=faces, features=of_kind, backbone=cast(Backbone, None)))


def test_the_query_that_re_ranking_helps_is_shown_with_its_flow(
    embedded: EmbeddedData,
    compared: Callable[..., list[Comparison]],
) -> None:
    (shown,) = picture_queries(embedded, compared(), SETTINGS, "official")
    assert (shown.kind, shown.identity, int(shown.image[0, 0, 0])) == ("mask", "anna", 100)
    assert [face.identity for face in shown.stage1] == ["bob", "bob", "anna", "anna"]
    assert [face.right for face in shown.stage2] == [True, True, False, False]
    assert int(shown.stage2[0].image[0, 0, 0]) in (4, 5), "a gallery face of hers"
    assert shown.flow is not None and shown.query_weight is not None
    torch.testing.assert_close(shown.flow.argmax(1), torch.arange(4))


def test_without_re_ranking_there_is_no_flow(
    embedded: EmbeddedData,
    compared: Callable[..., list[Comparison]],
) -> None:
    (shown,) = picture_queries(embedded, compared(rerank=False), None, "official")
    assert (shown.stage2, shown.flow) == ([], None)


def test_other_protocols_are_not_shown(
    embedded: EmbeddedData,
    compared: Callable[..., list[Comparison]],
) -> None:
    assert picture_queries(embedded, compared(), SETTINGS, "leave-twin-out") == []
