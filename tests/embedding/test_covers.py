"""Photographs with covers become features with their truth, and a second run takes them from the cache."""

from pathlib import Path

import pytest
import torch

from fdemd.cli.command_line import plan
from fdemd.embedding.covers import CoveredFaces, embed_covers
from fdemd.embedding.data import build_network, describe_data
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.covers.maker import CoverMaker


def embedded(folder: Path) -> CoveredFaces:
    (point,) = plan(
        "evaluate", ["model=dlib", "data=folder", f"data.root={folder}", "data.num_workers=0", "query=clean"]
    )
    described = describe_data(point.settings, build_network(point.settings.model, 0))
    data = described.embed()
    makers = [CoverMaker(("mask",), draw=1), CoverMaker(("crop", "blur"), draw=2)]
    return embed_covers(described, data, data.faces.gallery_rows[:8], makers)


def test_clean_faces_come_first_and_then_those_of_each_maker(few_people: Path, capsys: pytest.CaptureFixture) -> None:
    found = embedded(few_people)
    assert len(found) == len(found.features) == len(found.labels) == len(found.truth) == 24
    assert found.kinds[:16] == ["clean"] * 8 + ["mask"] * 8
    assert set(found.kinds[16:]) <= {"crop", "blur"}
    called = [CONDITIONS[place] for place in found.truth.condition.tolist()]
    assert called[:8] == ["clean"] * 8
    assert called[8:16].count("below") >= 7
    assert (found.truth.visible[:8] == 1).all()
    assert (found.truth.visible[8:16].mean(1) < 0.9).all()
    assert torch.equal(found.labels.identity[:8], found.labels.identity[8:16])
    assert not torch.isin(found.labels.picture[8:], found.labels.picture[:8]).any(), "a covered face is in no gallery"
    capsys.readouterr()
    again = embedded(few_people)
    assert "covers 1, covers 2 from an earlier run" in capsys.readouterr().out
    torch.testing.assert_close(again.features.embedding, found.features.embedding)
    some = found[torch.tensor([17, 3])]
    assert some.kinds == [found.kinds[17], "clean"]
    assert torch.equal(some.features.embedding, found.features.embedding[[17, 3]])
