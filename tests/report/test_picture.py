"""The run at a glance: a row a kind of query."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fdemd.report.picture import save_picture
from fdemd.scoring.pictured import PicturedQuery, RankedFace

FACE = np.full((16, 16, 3), 128, np.uint8)
FACES = [RankedFace(FACE, "anna", True), RankedFace(FACE, "bob", False)]


def width(path: Path, query: PicturedQuery) -> int:
    save_picture(path, [query], "dlib on orl")
    with Image.open(path) as picture:
        return picture.width


@pytest.mark.parametrize("flow", [None, torch.eye(4)])
def test_re_ranked_faces_and_the_flow_have_their_columns(tmp_path: Path, flow: torch.Tensor | None) -> None:
    first = PicturedQuery("mask", FACE, "anna", FACES, [], (2, 2))
    both = PicturedQuery("mask", FACE, "anna", FACES, FACES, (2, 2), flow, None if flow is None else torch.ones(4))
    assert width(tmp_path / "both.png", both) > width(tmp_path / "first.png", first)
