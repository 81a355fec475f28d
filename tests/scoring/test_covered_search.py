"""Photographs with covers search once, and any of them can be asked about at any alpha."""

from dataclasses import replace

import pytest
import torch

from fdemd.embedding.covers import CoveredFaces
from fdemd.errors import InputError
from fdemd.retrieval.protocol import Labels
from fdemd.scoring.covered_search import search_covered
from fdemd.settings.ranking import EmdRerank
from tests.scoring.test_calibration import faces
from tests.visibility.made_features import MeanNet

RERANK = EmdRerank(weighting="uniform", k=20)


def test_some_photographs_find_what_they_find_alone() -> None:
    made, gallery, labels = faces(harmful=False)
    people = labels.identity.where(labels.identity > 3, 1000 + torch.arange(len(labels)))
    alone = Labels(people, labels.source, labels.picture)
    searched = search_covered(made, gallery, alone, RERANK, backbone=MeanNet())
    assert len(searched.asked) < len(made), "who has no other photograph is not asked about"
    some = torch.arange(0, len(made), 3).flip(0)
    part = searched[some]
    whole = search_covered(made[some], gallery, alone, RERANK, backbone=MeanNet())
    assert torch.equal(part.asked, whole.asked)
    assert isinstance(part.faces, CoveredFaces)
    assert torch.equal(part.faces.labels.identity, made.labels.identity[some])
    for alpha in (0.0, 0.6):
        found, wanted = (each.measure(torch.full((len(each.asked),), alpha)) for each in (part, whole))
        assert found.keys() == wanted.keys() == {"P@1", "RP"}
        assert all(torch.equal(found[name], wanted[name]) for name in found)


def test_a_gallery_of_single_photographs_is_refused() -> None:
    made, gallery, labels = faces(harmful=False)
    nobody = Labels(labels.identity + 1000, labels.source, labels.picture)
    with pytest.raises(InputError, match="Nobody in the gallery has two photographs"):
        search_covered(made, gallery, nobody, EmdRerank(), backbone=MeanNet())


def test_badly_aligned_faces_are_not_asked_about() -> None:
    made, gallery, labels = faces(harmful=False)
    kinds = ["askew mask" if number % 5 == 0 else kind for number, kind in enumerate(made.kinds)]
    searched = search_covered(replace(made, kinds=kinds), gallery, labels, RERANK, backbone=MeanNet())
    assert searched.asked.tolist() == [number for number in range(len(made)) if number % 5]
