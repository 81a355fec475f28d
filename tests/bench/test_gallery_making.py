"""Galleries to measure with: real faces first, made-up ones then."""

from io import BytesIO
from pathlib import Path

from PIL import Image

from fdemd.bench.archive import Photo
from fdemd.bench.gallery_making import HEIGHT, WIDTH, enrol, fill, to_identify
from fdemd.data.sources import orl_manifest
from tests.gallery.made_gallery import open_made, photograph


def test_a_gallery_is_filled_with_strangers_who_are_whole(tmp_path: Path) -> None:
    where = str(tmp_path / "people.db")
    rows = []
    for person in ("Ann", "Bob"):
        (tmp_path / person).mkdir()
        (tmp_path / person / "1.jpg").write_bytes(photograph(person))
        rows.append(Photo(tmp_path / person / "1.jpg", f"lfw/{person}/1.jpg"))
    with open_made(where) as gallery:
        assert enrol(gallery, rows).photographs == 2
        assert enrol(gallery, rows).photographs == 0
        gallery.remove("Ann")
    fill(where, 30)
    fill(where, 30)
    with open_made(where) as gallery:
        assert len(gallery.people()) == 30
        assert gallery.check().problems == []
        assert [answer.person for answer in gallery.identify(photograph("Bob", shot=2))] == ["Bob"]
        assert [answer.person for answer in gallery.identify(photograph("Ann", shot=2))] == [None]


def test_photographs_are_as_large_as_a_cameras() -> None:
    orl = orl_manifest()
    (content,) = to_identify([Photo(orl.file(orl.photographs[0]), "1")])
    image = Image.open(BytesIO(content))
    assert (image.size, image.format) == ((WIDTH, HEIGHT), "JPEG")
