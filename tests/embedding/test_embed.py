"""Faces of one's own become features: of every kind alike, and those that a run would compute."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import fdemd
from fdemd import InputError
from fdemd.backbones import Backbone
from fdemd.cli.command_line import plan
from fdemd.embedding.data import describe_data
from fdemd.faces.queries import QueryMaker
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT
from fdemd.retrieval.second_stage import second_stages
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.settings.queries import CropQuery
from fdemd.settings.ranking import EmdRerank


def some_faces(count: int, size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, *size, 3), dtype=np.uint8)


def test_faces_of_every_kind_give_the_same_features(dlib_net: Backbone) -> None:
    faces = some_faces(3, dlib_net.face_size)
    expected = fdemd.embed(dlib_net, faces)
    assert expected.embedding.shape == (3, 128)
    kinds: list[Any] = [
        list(faces),
        faces.astype(np.float32) / 255,
        torch.from_numpy(faces).permute(0, 3, 1, 2),
        [torch.from_numpy(face).permute(2, 0, 1) for face in faces],
    ]
    for kind in kinds:
        torch.testing.assert_close(fdemd.embed(dlib_net, kind, batch_size=2).patches, expected.patches)
    torch.testing.assert_close(fdemd.embed(dlib_net, faces[0]).embedding, expected.embedding[:1])


def test_the_same_faces_are_embedded_and_ranked_as_by_a_run(few_people: Path, dlib_net: Backbone) -> None:
    """Bit by bit: patches are rounded as a run rounds them unless one asks for other digits."""
    words = ["trainer=cpu", "data.num_workers=0", "data=folder", f"data.root='{few_people}'", "query=[crop]"]
    (point,) = plan("evaluate", words)
    data = describe_data(point.settings, dlib_net).embed()
    files = [each.path for each in data.faces.manifest.photographs]
    faces = [fdemd.align_face(few_people / file, dlib_net) for file in files]
    crop = QueryMaker("crop", dlib_net.face_size, 0, CropQuery(side=0.7))

    query = fdemd.embed(dlib_net, [crop(face, file) for face, file in zip(faces, files, strict=True)])
    gallery = fdemd.embed(dlib_net, faces)

    for ours, run in ((query, data.query("crop")[0]), (gallery, data.gallery()[0])):
        assert torch.equal(ours.embedding, run.embedding)
        assert torch.equal(ours.patches, run.patches)
    (stage,) = stages = second_stages(EmdRerank())
    search = TwoStageSearch(data.gallery()[0], data.gallery()[1], stages)
    expected = search.queries(*data.query("crop")).rank(LEAVE_TWIN_OUT, depth=len(files)).second(stage)
    found = fdemd.rerank(fdemd.rank(query, gallery, query_sources=files, gallery_sources=files), query, gallery)
    assert torch.equal(found.indices, expected.indices)
    assert torch.equal(found.scores, expected.scores)


def test_the_precision_of_patches_is_a_choice(dlib_net: Backbone) -> None:
    faces = some_faces(2, dlib_net.face_size)
    whole = fdemd.embed(dlib_net, faces, dtype="float32")
    assert torch.equal(fdemd.embed(dlib_net, faces).patches, whole.patches.half())
    assert torch.equal(fdemd.embed(dlib_net, faces, dtype="bfloat16").patches, whole.patches.bfloat16())
    with pytest.raises(InputError, match="Unknown precision 'float8'"):
        fdemd.embed(dlib_net, faces, dtype="float8")


@pytest.mark.parametrize(
    ("faces", "complaint"),
    [
        (np.zeros((112, 112, 3), np.uint8), "has 112x112 pixels, and the network takes 150x150"),
        (np.full((150, 150, 3), 200.0), "divide them by 255"),
        (np.zeros((150, 150), np.uint8), "must be an RGB picture|type"),
        ([], "no faces"),
        (["nowhere.jpg"], "there is no such file"),
        ([None], "NoneType"),
    ],
)
def test_wrong_faces_are_told(dlib_net: Backbone, faces: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        fdemd.embed(dlib_net, faces)
