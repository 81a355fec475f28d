"""A gallery that is moved to another network: all of it or nothing, and as if it had been made with it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sqlalchemy import func, select

import fdemd
from fdemd.data.sources import orl_manifest
from fdemd.emd.compact import compact
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.gallery import moving
from fdemd.gallery.cohort import read_cohort
from fdemd.gallery.database import Database
from fdemd.gallery.faces import SeenPhotograph
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.moving import LeftBehind, common_share, move
from fdemd.gallery.patch_map import read_map
from fdemd.gallery.schema import Moved
from tests.gallery.made_gallery import COMPACT_PIN, MAP, PIN, CompactReader, MadeReader, open_made, photograph

OTHER = replace(PIN, backbone="other", fingerprint="other")
Opened = Callable[[str], Gallery]


class OtherReader(MadeReader):
    """Another network: all its numbers have other signs."""

    def read(self, content: bytes | Path) -> SeenPhotograph:
        seen = super().read(content)
        return replace(seen, faces=tuple(replace(face, features=_turned(face.features)) for face in seen.faces))

    def embed(self, images: np.ndarray) -> Features:
        return _turned(super().embed(images))


def _turned(features: Features) -> Features:
    return Features(-features.embedding, -features.patches, features.grid)


class Breaks(OtherReader):
    """A move that is broken off after some photographs."""

    def __init__(self, after: int) -> None:
        self.left = after

    def read(self, content: bytes | Path) -> SeenPhotograph:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().read(content)


def moved(where: str, reader: MadeReader, drop_missing: bool = False) -> moving.Move:
    database = Database(where)
    try:
        return move(database, reader, OTHER, drop_missing=drop_missing)  # type: ignore[arg-type]
    finally:
        database.close()


def set_aside(gallery: Gallery) -> int:
    with gallery._database.read() as session:
        return session.scalar(select(func.count()).select_from(Moved)) or 0


@pytest.fixture
def three(where: str, opened: Opened) -> Gallery:
    gallery = opened(where)
    for person in ("Ann", "Bob", "Cem"):
        gallery.enrol(person, photograph(person, shot=1))
    gallery.enrol("Dora", photograph("somebody", "Dora", side=300), face=1)
    return gallery


def test_a_moved_gallery_is_one_that_was_made_with_the_network(where: str, three: Gallery, tmp_path: Path) -> None:
    before = three._index.current()
    found = moved(where, OtherReader())
    assert (found.photographs, found.left, found.done) == (4, [], True)
    with pytest.raises(InputError, match="was moved to another network meanwhile; open it anew"):
        three.identify(photograph("Ann", shot=2))
    with pytest.raises(InputError, match="open it anew"):
        three.enrol("Eve", photograph("Eve"))
    again = open_made(where, pin=OTHER)
    try:
        assert again.pin == OTHER
        after = again._index.current()
        torch.testing.assert_close(after.embeddings, -before.embeddings)
        again._reader = OtherReader()  # type: ignore[assignment]
        assert [each.person for each in again.identify(photograph("Dora", shot=3))] == ["Dora"]
        assert again.check().problems == []
        assert set_aside(again) == 0
    finally:
        again.close()


def test_patches_become_compact_and_full_again(where: str, three: Gallery) -> None:
    full, _ = three._search.stored.features(three._index.current().photographs)
    assert full is not None
    for pin, reader, expected in ((COMPACT_PIN, CompactReader(), compact(full, MAP)), (PIN, MadeReader(), full)):
        database = Database(where)
        assert move(database, reader, pin, drop_missing=False).done  # type: ignore[arg-type]
        with database.read() as session:
            assert read_cohort(session, pin).features.patches.dtype == expected.patches.dtype
            assert (read_map(session, pin) is None) is (pin == PIN)
        database.close()
        again = open_made(where, pin=pin)
        found, _ = again._search.stored.features(again._index.current().photographs)
        assert found is not None and torch.equal(found.patches, expected.patches)
        assert [each.person for each in again.identify(photograph("Bob", shot=2))] == ["Bob"]
        assert again.check().problems == []
        again.close()


def test_an_enrolment_that_was_under_way_is_refused(where: str, three: Gallery) -> None:
    """It was made by the old network: the pin is looked at in the transaction that stores it."""
    snapshot = three._index.current()
    moved(where, OtherReader())
    three._index.current = lambda: snapshot  # type: ignore[method-assign]
    with pytest.raises(InputError, match="open it anew"):
        three.enrol("Eve", photograph("Eve"))
    again = open_made(where, pin=OTHER)
    assert [person.name for person in again.people()] == ["Ann", "Bob", "Cem", "Dora"]
    again.close()


def test_a_move_that_broke_off_goes_on(where: str, three: Gallery) -> None:
    with pytest.raises(KeyboardInterrupt):
        moved(where, Breaks(2))
    assert set_aside(three) == 2
    assert [each.person for each in three.identify(photograph("Bob", shot=2))] == ["Bob"]  # as if nothing were
    three.remove("Ann")
    three.enrol("Eve", photograph("Eve", shot=1))
    assert set_aside(three) == 1
    reader = Breaks(3)
    assert moved(where, reader).photographs == 4
    assert reader.left == 0  # one was set aside before


def test_somebody_who_is_enrolled_at_the_last_moment_is_moved_too(
    where: str, three: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = moving._finish

    def late(*given: object) -> bool:
        if "Eve" not in [person.name for person in three.people()]:
            three.enrol("Eve", photograph("Eve", shot=1))
        return finish(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(moving, "_finish", late)
    assert moved(where, OtherReader()).photographs == 5


def test_what_cannot_be_moved_is_told_and_removed_if_so_wished(tmp_path: Path) -> None:
    where, pin = str(tmp_path / "people.db"), replace(PIN, keep="path")
    gallery = open_made(where, pin=pin)
    files = {}
    for person in ("Ann", "Bob", "Cem", "Dora"):
        files[person] = tmp_path / f"{person}.jpg"
        files[person].write_bytes(photograph(person))
        gallery.enrol(person, files[person])
    gallery.enrol("Eve", photograph("Eve"))  # no file
    files["Bob"].unlink()
    files["Cem"].write_bytes(photograph("Cem", shot=7))
    numbers = {person.name: person.photographs[0].number for person in gallery.people()}
    expected = [
        LeftBehind(numbers["Bob"], "Bob", f"the file {files['Bob']} is not there any more"),
        LeftBehind(numbers["Cem"], "Cem", f"the file {files['Cem']} was changed since"),
        LeftBehind(numbers["Eve"], "Eve", "neither its file nor its path was kept"),
    ]
    database = Database(where)
    found = move(database, OtherReader(), replace(OTHER, keep="path"), drop_missing=False)  # type: ignore[arg-type]
    assert (found.photographs, found.left, found.done) == (2, expected, False)
    assert [each.person for each in gallery.identify(photograph("Bob", shot=2))] == ["Bob"]
    found = move(database, OtherReader(), replace(OTHER, keep="path"), drop_missing=True)  # type: ignore[arg-type]
    assert (found.photographs, found.left, found.done) == (2, expected, True)
    database.close()
    gallery.close()
    again = open_made(where, pin=replace(OTHER, keep="path"))
    assert [(person.name, len(person.photographs)) for person in again.people()] == [
        ("Ann", 1), ("Bob", 0), ("Cem", 0), ("Dora", 1), ("Eve", 0)
    ]  # fmt: skip
    assert again.check().problems == []
    again.close()


def test_a_face_that_the_other_detector_does_not_find_is_told(where: str, three: Gallery) -> None:
    class Elsewhere(OtherReader):
        def read(self, content: bytes | Path) -> SeenPhotograph:
            seen = super().read(content)
            return replace(seen, faces=tuple(replace(face, box=(900.0, 0.0, 950.0, 60.0)) for face in seen.faces))

    found = moved(where, Elsewhere())
    assert not found.done and len(found.left) == 4
    assert {each.reason for each in found.left} == {"no face is found where the enrolled one was"}


def test_of_two_moves_the_later_one_goes_on(where: str, three: Gallery) -> None:
    database = Database(where)
    with pytest.raises(KeyboardInterrupt):
        moved(where, Breaks(2))
    moving._begin(database, replace(OTHER, backbone="third"))
    assert set_aside(three) == 0
    with pytest.raises(InputError, match="is being moved to another network by another process"):
        moving._set_aside(database, OtherReader(), OTHER, three.people()[0].photographs[0].number)  # type: ignore[arg-type]
    database.close()


def test_a_gallery_that_keeps_nothing_or_has_the_network_is_not_moved(tmp_path: Path) -> None:
    where = str(tmp_path / "people.db")
    open_made(where, pin=replace(PIN, keep="none")).close()
    with pytest.raises(InputError, match=r"keeps nothing of photographs \(keep=none\) to be moved by"):
        moved(where, OtherReader())
    where = str(tmp_path / "other.db")
    open_made(where, pin=OTHER).close()
    with pytest.raises(InputError, match="is of this network already"):
        moved(where, OtherReader())


def test_boxes_apart_have_nothing_in_common() -> None:
    assert common_share((0, 0, 1, 1), (2, 2, 3, 3)) == 0
    assert common_share((0, 0, 2, 1), (1, 0, 3, 1)) == pytest.approx(1 / 3)


def test_real_networks_and_detectors(tmp_path: Path) -> None:
    """From dlib's network and detector to SFace and YuNet, of another alignment."""
    root, where = orl_manifest().root, tmp_path / "people.db"
    cohort = [[root / f"s{n}/1.pgm"] for n in range(20, 32)]
    with fdemd.Gallery.open(where, backbone="dlib", detector="dlib", cohort=cohort) as gallery:
        for n in (1, 2, 3):
            gallery.enrol(f"s{n}", root / f"s{n}/1.pgm", force=True)
    found = fdemd.Gallery.re_embed(where, backbone="sface", detector="yunet")
    assert (found.photographs, found.left, found.done) == (3, [], True)
    with fdemd.Gallery.open(where) as gallery:
        assert (gallery.pin.backbone, gallery.pin.detector, gallery.pin.patches) == ("sface", "yunet", "projected")
        assert [answer.person for answer in gallery.identify(root / "s2/5.pgm", fpir=0.1)] == ["s2"]
        assert gallery.check().problems == []
    with pytest.raises(InputError, match="is of this network already"):
        fdemd.Gallery.re_embed(where)
