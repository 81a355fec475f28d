"""Made-up embeddings: people, photographs of them, and a file that is made once."""

from pathlib import Path

import torch

from fdemd.bench.stage1_making import embeddings, queries_of


def test_photographs_of_a_person_are_near_and_others_are_not(tmp_path: Path) -> None:
    found = embeddings(tmp_path / "e.f16", 205, 64)
    assert found.shape == (205, 64)
    assert found.dtype == torch.float16
    cosine = found.float() @ found.float().T
    people = torch.arange(205) // 10
    same = (people[:, None] == people) & ~torch.eye(205, dtype=torch.bool)
    assert 0.5 < cosine[same].mean() < 0.7
    assert cosine[people[:, None] != people].mean().abs() < 0.05
    assert [path.name for path in tmp_path.iterdir()] == ["e.f16"]
    assert torch.equal(embeddings(tmp_path / "e.f16", 205, 64), found)


def test_a_query_is_nearest_to_the_face_that_it_was_made_from(tmp_path: Path) -> None:
    gallery = embeddings(tmp_path / "e.f16", 200, 64)
    query = queries_of(gallery, 5)
    nearest = (query @ gallery.float().T).argmax(1)
    assert (nearest // 10).tolist() == [0, 4, 9, 14, 19]
