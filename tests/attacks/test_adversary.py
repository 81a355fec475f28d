"""Adversarial queries on real faces: what they do, that they are the same for everybody, and that they are kept."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity

from fdemd.attacks.adversary import Adversary
from fdemd.backbones import Backbone, create_backbone
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.manifest import Manifest
from fdemd.data.sources import folder_manifest
from fdemd.errors import InputError
from fdemd.settings.networks import MobileFaceNetNetwork
from fdemd.settings.queries import ADVERSARIAL, AdversarialQuery

SETTINGS = {"steps": 2}
CPU = torch.device("cpu")
SMALL = MobileFaceNetNetwork(backbone="mobilefacenet", variant="xiaoccer", checkpoint="random")


def faces_of(
    manifest: Manifest, backbone: Backbone, cache: Path, seed: int = 0, batch_size: int = 8, **changed: Any
) -> FaceDataModule:
    adversary = Adversary(backbone, AdversarialQuery(**SETTINGS | changed), seed=seed, cache=cache, device=CPU)
    faces = FaceDataModule(
        manifest,
        {},
        alignment=backbone.alignment,
        face_size=backbone.face_size,
        seed=seed,
        detector="dlib",
        batch_size=batch_size,
        num_workers=0,
        cache=cache,
        precomputed={ADVERSARIAL: adversary},
    )
    faces.setup("test")
    return faces


def pictures(faces: FaceDataModule) -> dict[str, np.ndarray]:
    """Path -> the attacked picture."""
    photographs = faces.manifest.photographs
    return {photographs[row].path: faces.query_face(ADVERSARIAL, row) for row in faces.query_rows.tolist()}


def embeddings(faces: FaceDataModule, backbone: Backbone, kind: str) -> torch.Tensor:
    images = np.stack([faces.query_face(kind, row) for row in faces.query_rows.tolist()])
    with torch.inference_mode():
        return backbone(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255).embedding


@pytest.fixture(scope="module")
def manifest(few_people: Path) -> Manifest:
    """Three people, four photographs each."""
    everybody = folder_manifest(str(few_people))
    return replace(everybody, photographs=everybody.photographs[:12])


@pytest.fixture(scope="module")
def attacked(manifest: Manifest, dlib_net: Backbone, cache: Path) -> FaceDataModule:
    return faces_of(manifest, dlib_net, cache)


def test_pictures_keep_to_the_budget_and_no_longer_show_the_person(
    attacked: FaceDataModule, dlib_net: Backbone
) -> None:
    for row in attacked.query_rows.tolist():
        changed = attacked.query_face(ADVERSARIAL, row).astype(int) - attacked.query_face("clean", row)
        assert 6 <= np.abs(changed).max() <= 8
    clean, moved = (embeddings(attacked, dlib_net, kind) for kind in ("clean", ADVERSARIAL))
    people = clean.view(3, 4, -1)
    others = (people.sum(1, keepdim=True) - people).flatten(0, 1)
    before, after = cosine_similarity(clean, others), cosine_similarity(moved, others)
    assert (after < before - 0.01).all()


def test_impersonation_comes_closer_to_the_victim(manifest: Manifest, dlib_net: Backbone, cache: Path) -> None:
    faces = faces_of(manifest, dlib_net, cache, goal="impersonation")
    adversary = Adversary(dlib_net, AdversarialQuery(goal="impersonation", **SETTINGS), seed=0, cache=cache, device=CPU)
    aims = adversary.aims(manifest, faces.query_rows, faces.gallery_rows)
    clean, moved = (embeddings(faces, dlib_net, kind) for kind in ("clean", ADVERSARIAL))
    centres = torch.stack([clean[[row.identity == aim for row in manifest.photographs]].mean(0) for aim in aims])
    assert (cosine_similarity(moved, centres) > cosine_similarity(clean, centres)).all()


def test_batches_loaders_and_the_report_see_the_same_pixels(attacked: FaceDataModule) -> None:
    seen = torch.stack([item["face"] for item in attacked.test_sets()[ADVERSARIAL]])
    shown = np.stack(list(pictures(attacked).values()))
    assert torch.equal(seen, torch.from_numpy(shown).permute(0, 3, 1, 2))


def test_order_and_batch_size_change_no_pixel(
    attacked: FaceDataModule, manifest: Manifest, dlib_net: Backbone, tmp_path: Path
) -> None:
    backwards = replace(manifest, photographs=manifest.photographs[::-1])
    again = pictures(faces_of(backwards, dlib_net, tmp_path, batch_size=3))
    for path, picture in pictures(attacked).items():
        np.testing.assert_array_equal(again[path], picture, err_msg=path)


def test_the_seed_decides(attacked: FaceDataModule, manifest: Manifest, dlib_net: Backbone, cache: Path) -> None:
    other = faces_of(manifest, dlib_net, cache, seed=1)
    assert not np.array_equal(other.query_face(ADVERSARIAL, 0), attacked.query_face(ADVERSARIAL, 0))


def test_the_same_attack_is_made_once(
    attacked: FaceDataModule, manifest: Manifest, dlib_net: Backbone, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fdemd.attacks.adversary.attack_faces", lambda *_: pytest.fail("attacked again"))
    again = faces_of(manifest, dlib_net, cache, momentum=0.5)  # which pgd does not have
    digest = again.faces_of(ADVERSARIAL).digest
    assert digest == attacked.faces_of(ADVERSARIAL).digest
    assert digest != again.faces.digest
    for changed in ({"budget": 4}, {"goal": "impersonation"}, {"model": SMALL}):
        adversary = Adversary(dlib_net, AdversarialQuery(**SETTINGS | changed), seed=0, cache=cache, device=CPU)
        rows = attacked.query_rows, attacked.gallery_rows
        assert adversary._digest(manifest, attacked.faces, *rows) != digest


def test_a_network_of_another_alignment_is_attacked_through_the_same_pixels(
    manifest: Manifest, dlib_net: Backbone, cache: Path
) -> None:
    faces = faces_of(manifest, dlib_net, cache, model=SMALL, attack="fgsm")
    changed = faces.query_face(ADVERSARIAL, 0).astype(int) - faces.query_face("clean", 0)
    assert changed.shape == (150, 150, 3)
    assert np.abs(changed).max() == 8
    assert (np.abs(changed) == 8).mean() > 0.5, "where it looks at, the network has a gradient"


def test_a_network_without_gradients_cannot_be_attacked_but_can_look(dlib_net: Backbone, cache: Path) -> None:
    blind = create_backbone("dlib")
    blind.differentiable = False
    with pytest.raises(InputError, match="gives no gradients, so that it cannot be attacked"):
        Adversary(blind, AdversarialQuery(), seed=0, cache=cache, device=CPU)
    Adversary(blind, AdversarialQuery(model="dlib"), seed=0, cache=cache, device=CPU)
