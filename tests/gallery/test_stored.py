"""What the database has of enrolled faces."""

import torch

from fdemd.gallery.gallery import Gallery
from tests.gallery.made_gallery import features, photograph, vector


def test_features_are_those_of_the_photographs_that_are_there(gallery: Gallery) -> None:
    for person in ("Ann", "Bob", "Cem"):
        gallery.enrol(person, photograph(person))
    gallery.remove("Bob")
    expected = features([vector(person, 0, 0.2) for person in ("Ann", "Cem")])
    found, there = gallery._search.stored.features(torch.tensor([1, 2, 3, 4]))
    assert found is not None and there.tolist() == [1, 3]
    assert torch.equal(found.patches, expected.patches) and found.grid == expected.grid
    torch.testing.assert_close(found.embedding, torch.nn.functional.normalize(expected.embedding))
    embeddings, there = gallery._search.stored.embeddings(torch.tensor([1, 2, 3, 4]))
    assert torch.equal(embeddings, found.embedding) and there.tolist() == [1, 3]


def test_of_nobody_there_is_nothing(gallery: Gallery) -> None:
    found, there = gallery._search.stored.features(torch.tensor([7]))
    assert found is None and there.tolist() == []
    embeddings, there = gallery._search.stored.embeddings(torch.zeros(0, dtype=torch.long))
    assert len(embeddings) == 0 and there.tolist() == []
