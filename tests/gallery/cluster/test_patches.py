"""Patches in memory are those of the database, of as many photographs as there are."""

import torch

from fdemd.gallery.cluster.patches import PatchesInMemory
from fdemd.gallery.gallery import Gallery
from tests.gallery.made_gallery import photograph


def test_they_follow_the_photographs(gallery: Gallery) -> None:
    for number in range(4):
        gallery.enrol(f"person {number}", photograph(f"{number}"), force=True)
    memory, stored = PatchesInMemory(gallery.database, gallery.pin), gallery._search.stored
    for there in ([1, 2, 3], [2, 3, 4], [4], [], [1, 4]):
        memory.follow(torch.tensor(there, dtype=torch.long))
        found, numbers = memory.features(torch.tensor([1, 2, 3, 4]))
        assert numbers.tolist() == there
        if found is None:
            assert there == []
            continue
        expected, _ = stored.features(torch.tensor(there))
        assert expected is not None
        assert torch.equal(found.patches, expected.patches) and found.grid == expected.grid
        assert found.patches.dtype == expected.patches.dtype


def test_a_photograph_that_was_removed_before_it_was_read_has_none(gallery: Gallery) -> None:
    gallery.enrol("Ann", photograph("Ann"))
    memory = PatchesInMemory(gallery.database, gallery.pin)
    memory.follow(torch.tensor([1, 2]))
    assert memory.features(torch.tensor([1, 2]))[1].tolist() == [1]
