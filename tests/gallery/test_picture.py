"""Boxes and names on a photograph."""

from pathlib import Path

import numpy as np
from PIL import Image

from fdemd.gallery.gallery import Gallery
from fdemd.gallery.picture import label, save_picture
from tests.gallery.made_gallery import photograph


def test_every_face_has_a_box_and_a_label(gallery: Gallery, tmp_path: Path) -> None:
    gallery.enrol("Ann $x$", photograph("Ann", shot=1))
    gallery.enrol("Eve", photograph("twins", shot=1))
    gallery.enrol("Eva", photograph("twins", shot=2), force=True)
    answers = gallery.identify(photograph("Ann", "somebody", "twins", shot=5))
    assert sorted(map(label, answers))[0] == "Ann $x$"
    assert "unknown" in map(label, answers)
    assert any(label(answer) in ("Eve or Eva?", "Eva or Eve?") for answer in answers)
    save_picture(tmp_path / "named.png", np.full((300, 600, 3), 200, np.uint8), answers)
    drawn = np.asarray(Image.open(tmp_path / "named.png").convert("RGB"))
    assert drawn.shape[1] == 2 * drawn.shape[0]
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 3
