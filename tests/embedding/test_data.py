"""From typed settings to embedded queries and gallery, on a few real people."""

from pathlib import Path

import pytest
import torch

from fdemd.backbones import Backbone
from fdemd.cli.command_line import plan
from fdemd.embedding.data import EmbeddedData, build_network, describe_data
from fdemd.errors import InputError
from fdemd.settings.jobs import Evaluate


def settings_of(*words: str) -> Evaluate:
    (point,) = plan("evaluate", ["trainer=cpu", "data.num_workers=0", *words])
    settings: Evaluate = point.settings
    return settings


@pytest.fixture(scope="module")
def embedded(few_people: Path, dlib_net: Backbone) -> EmbeddedData:
    return describe_data(settings_of("data=folder", f"data.root='{few_people}'", "query=[crop,mask]"), dlib_net).embed()


def test_the_gallery_and_every_kind_of_query_are_embedded(embedded: EmbeddedData) -> None:
    assert list(embedded.features) == ["clean", "crop", "mask"]
    gallery, labels = embedded.gallery()
    assert gallery.embedding.shape == (20, 128)
    assert gallery.patches.dtype == torch.float16
    assert labels.identity.tolist() == [person for person in range(5) for _ in range(4)]
    crop, crop_labels = embedded.query("crop")
    assert torch.equal(crop_labels.identity, labels.identity)
    assert not torch.equal(crop.embedding, gallery.embedding)


def test_rows_are_given_in_the_order_asked_for(embedded: EmbeddedData) -> None:
    rows = torch.tensor([7, 3])
    some, labels = embedded.query("mask", rows)
    everything, _ = embedded.query("mask")
    assert torch.equal(some.embedding, everything.embedding[rows])
    assert labels.picture.tolist() == [-8, -4]


def test_without_score_normalization_nothing_adjusts_the_cosines(embedded: EmbeddedData) -> None:
    gallery, _ = embedded.gallery()
    assert embedded.normalization is None
    assert embedded.adjustment(gallery, gallery) is None


def test_people_of_the_cohort_leave_the_gallery(few_people: Path, dlib_net: Backbone) -> None:
    words = "data=folder", f"data.root='{few_people}'", "query=clean", "align=ida", "align.people=2", "align.size=4"
    data = describe_data(settings_of(*words), dlib_net).embed()
    assert data.normalization is not None
    assert (data.normalization.people, data.normalization.photographs) == (2, 8)
    gallery, labels = data.gallery()
    assert len(labels.identity.unique()) == 3
    adjust = data.adjustment(gallery, gallery)
    assert adjust is not None
    cosine = torch.ones(len(gallery), len(gallery))
    assert (adjust(cosine, slice(None), slice(None)) < cosine).all(), "everybody resembles strangers a little"


def test_a_network_with_random_weights_is_that_of_its_seed() -> None:
    model = settings_of("model=mobilefacenet", "model.checkpoint=random").model
    one, again, other = (build_network(model, seed).fingerprint() for seed in (1, 1, 2))
    assert one == again != other


def test_pairs_are_refused(dlib_net: Backbone) -> None:
    with pytest.raises(InputError, match="pairs"):
        describe_data(settings_of("data=lfw_pairs"), dlib_net)
