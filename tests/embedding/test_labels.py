"""Rows of a manifest as integers: who is on them, from which photograph they are, and which picture they are."""

from pathlib import Path

import torch

from fdemd.data.manifest import Manifest, Photograph
from fdemd.embedding.labels import labels_of

PHOTOGRAPHS = Manifest(
    Path(),
    (
        Photograph("ann/1.jpg", "Ann", "ann/1.jpg"),
        Photograph("bob/1.jpg", "Bob", "bob/1.jpg"),
        Photograph("ann/1_masked.jpg", "Ann", "ann/1.jpg"),
    ),
)


def test_people_and_sources_are_numbered_alike_whatever_the_rows() -> None:
    labels = labels_of(PHOTOGRAPHS, torch.tensor([2, 1]), occluded=False)
    assert labels.identity.tolist() == [0, 1]
    assert labels.source.tolist() == [0, 1], "the masked copy is of the first photograph"
    assert labels.picture.tolist() == [2, 1]


def test_an_occluded_query_is_a_picture_that_no_gallery_holds() -> None:
    rows = torch.arange(3)
    clean, occluded = (labels_of(PHOTOGRAPHS, rows, occluded=flag) for flag in (False, True))
    assert clean.picture.tolist() == [0, 1, 2]
    assert not set(clean.picture.tolist()) & set(occluded.picture.tolist())
    assert torch.equal(clean.source, occluded.source), "yet its twin in the gallery is known"
