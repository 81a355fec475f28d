"""Copies of the gallery are drawn on photographs, embedded once, and searched by the queries that are like them."""

from pathlib import Path

import pytest
import torch

from fdemd.cli.command_line import plan
from fdemd.embedding.copies import DRAWN, LIKE, copy_sets
from fdemd.embedding.data import build_network, describe_data
from fdemd.errors import InputError
from fdemd.faces.queries import QUERY_KINDS
from fdemd.settings.queries import query_section
from fdemd.visibility.conditions import CONDITIONS


def test_each_kind_is_a_kind_of_query_with_its_settings_and_a_condition() -> None:
    assert DRAWN.keys() == LIKE.keys() <= QUERY_KINDS.keys()
    assert all(isinstance(drawn, query_section(kind)) for kind, drawn in DRAWN.items())
    assert set(LIKE.values()) <= set(CONDITIONS)


def test_a_gallery_is_enrolled_with_copies(few_people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["model=dlib", "data=folder", f"data.root={few_people}", "data.num_workers=0", "query=[clean,mask]"]
    (point,) = plan("evaluate", [*words, "copies=[mask,crop]"])
    described = describe_data(point.settings, build_network(point.settings.model, 0))
    data = described.embed()
    assert data.features.keys() == {"clean", "mask"}
    assert data.copies is not None
    assert data.copies.galleries.keys() == {"below", "cut"}
    made = copy_sets(data.faces, ["mask"], 0)["mask"]
    queries = data.faces.test_sets()["mask"]
    assert not any((made[row]["face"] == queries[row]["face"]).all() for row in range(5)), "no copy is a query"
    capsys.readouterr()
    again = described.embed()
    assert "mask copies, crop copies from an earlier run" in capsys.readouterr().out
    assert again.copies is not None
    for condition, gallery in data.copies.galleries.items():
        assert torch.equal(again.copies.galleries[condition].embedding, gallery.embedding)


def test_a_network_without_a_calibration_is_told_before_anything_is_embedded(few_people: Path) -> None:
    words = [
        "model=iresnet",
        "model.depth=18",
        "model.checkpoint=random",
        "data=folder",
        f"data.root={few_people}",
        "query=clean",
        "copies=[mask]",
    ]
    (point,) = plan("evaluate", words)
    with pytest.raises(InputError, match="none for this network came with fdemd"):
        describe_data(point.settings, build_network(point.settings.model, 0))
