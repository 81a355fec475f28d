"""What a gallery is pinned to."""

from dataclasses import replace
from pathlib import Path

import pytest

from fdemd.backbones import Backbone
from fdemd.errors import InputError
from fdemd.gallery.database import Database
from fdemd.gallery.pin import Pin, read_pin, write_pin
from fdemd.gallery.schema import Setting
from tests.gallery.made_gallery import PIN


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"backbone": "dlib"}, "the network: made, not dlib"),
        ({"weights_sha256": "a" * 64}, "the weights: random, not aaaaaaaaaaaa..."),
        ({"fingerprint": "b" * 64}, "the network's numbers"),
        ({"settings": {"grid": 4}}, "the network's settings"),
        ({"alignment": "dlib"}, "the alignment"),
        ({"face_size": (224, 224)}, "the size of faces"),
        ({"detector": "mtcnn"}, "the detector: yunet, not mtcnn"),
        ({"dtype": "bfloat16"}, "the precision of patches"),
        ({"patch_map": "c" * 64}, "the map of compact patches: none, not cccccccccccc"),
        ({"patches": "none"}, "the kind of patches"),
        ({"keep": "none"}, "what is kept of photographs"),
    ],
)
def test_another_choice_is_refused(change: dict[str, object], sentence: str) -> None:
    PIN.check(replace(PIN), "people.db")
    with pytest.raises(InputError, match=f"The gallery people.db was made with another choice of {sentence}"):
        PIN.check(replace(PIN, **change), "people.db")  # type: ignore[arg-type]


def test_it_is_kept_in_the_gallery(tmp_path: Path) -> None:
    database = Database(tmp_path / "people.db")
    with database.write() as session:
        assert read_pin(session) is None
        write_pin(session, PIN)
    with database.read() as session:
        assert read_pin(session) == PIN
    with database.write() as session:
        session.merge(Setting(name="pin", value='{"backbone": "made"}'))
    with database.read() as session, pytest.raises(InputError, match="does not say which network it is of"):
        read_pin(session)


def test_a_network_says_what_it_is(dlib_net: Backbone) -> None:
    pin = Pin.of(dlib_net, "dlib", "yunet", patches="raw")
    assert (pin.alignment, pin.face_size, pin.weights_sha256) == ("dlib", (150, 150), dlib_net.weights_sha256)
