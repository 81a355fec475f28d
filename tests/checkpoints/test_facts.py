"""Every field of a card is checked, and a mistake is named."""

from pathlib import Path
from typing import Any

import pytest

from fdemd.checkpoints import read_card
from fdemd.errors import InputError
from tests.checkpoints.made_cards import write_card


def refusal(folder: Path, **changes: Any) -> str:
    with pytest.raises(InputError) as error:
        write_card(folder, **changes)
    return str(error.value).replace(str(folder), "CARDS")


@pytest.mark.parametrize("name", ["kind", "source", "file", "sha256", "licence", "allowed_use", "mean", "grids"])
def test_missing_field_is_named(tmp_path: Path, name: str) -> None:
    assert (
        refusal(tmp_path, **{name: ...}) == f"The card CARDS/net.yaml: the field {name} is missing; see docs/cards.md."
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"licence": None}, "the field licence is not filled in"),
        ({"sha256": "ABC"}, "the field sha256 is 'ABC', expected 64 lower-case hexadecimal digits"),
        ({"url": "http://a.org/x"}, "the field url is 'http://a.org/x', expected an address that begins with https://"),
        ({"url": "file:///etc/passwd"}, "expected an address that begins with https://"),
        ({"url": "http://localhost.a.org/x"}, "expected an address that begins with https://"),
        ({"url": "http://localhost:80@a.org/x"}, "expected an address that begins with https://"),
        ({"url": "https://localhost:80@a.org/x"}, "expected an address that begins with https://"),
        ({"url": "https://"}, "expected an address that begins with https://"),
        ({"url": "https://a.org:99999999/x"}, "expected an address that begins with https://"),
        ({"url": "https://a.org/x\nHost: b.org"}, "expected an address that begins with https://"),
        ({"url": ["https://a.org/x"]}, "the field url is ['https://a.org/x'], expected an address that begins with"),
        ({"input_size": 112}, "the field input_size is 112, expected [height, width] in pixels"),
        ({"input_size": [112, 10**12]}, "the field input_size is [112, 1000000000000], expected [height, width]"),
        ({"input_size": [True, 2]}, "the field input_size is [True, 2], expected [height, width] in pixels"),
        ({"mean": "grey"}, "the field mean is 'grey', expected a number, or one a channel"),
        ({"scale": [[128]]}, "the field scale is [[128]], expected a number, or one a channel"),
        ({"mean": float("nan")}, "the field mean is nan, expected a number, or one a channel"),
        ({"licence": {"MIT": "yes"}}, "the field licence is {'MIT': 'yes'}, expected text"),
        ({"source": 5}, "the field source is 5, expected text"),
        ({"kind": ["backbone"]}, "the field kind is ['backbone'], expected backbone, landmarks or detector"),
        ({"colour": "red"}, "the field colour is 'red', expected RGB, BGR or grey"),
        ({"grids": "8x8x512"}, "the field grids is '8x8x512', expected a list of ROWSxCOLUMNSxCHANNELS"),
        ({"embedding": 0}, "the field embedding is 0, expected a number of numbers"),
        ({"size": "1 MB"}, "the field size is '1 MB', expected a number of bytes"),
        ({"package": "os.path"}, "the field package is 'os.path', expected the name of a Python package"),
        ({"file": "../net.bin"}, "the field file is '../net.bin', expected the name of a file"),
        ({"file": "/etc/passwd"}, "the field file is '/etc/passwd', expected the name of a file"),
        ({"file": "sub/net.bin"}, "the field file is 'sub/net.bin', expected the name of a file beside the card"),
        ({"file": "sub/../../net.bin", "package": "dlib"}, "expected the name of a file"),
        ({"file": "..\\net.bin"}, "expected the name of a file"),
        ({"file": "."}, "the field file is '.', expected the name of a file"),
    ],
)
def test_wrong_field_is_named(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    assert problem in refusal(tmp_path, **changes)


def test_a_field_without_a_name(tmp_path: Path) -> None:
    path = write_card(tmp_path).path
    path.write_text(path.read_text() + "5: five\n")
    with pytest.raises(InputError, match="the field 5 is not called by a name"):
        read_card("net", tmp_path)


LAUGHS = "a: &a [lol, lol]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (LAUGHS, "an alias stands for another part of the text, which no card needs"),
        ("a: &a [*a]\n", "an alias stands for another part of the text, which no card needs"),
        ("a: " + "[" * 30_000, "its lists are nested too deep"),
        ("#" * 70_000, "it has 70000 bytes, and a card at most 65536"),
        ("a: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
        ("a: \xff\n".encode("latin-1"), "can't decode byte 0xff"),
    ],
    ids=["laughs", "itself", "deep", "large", "code", "bytes"],
)
def test_texts_that_are_no_cards(tmp_path: Path, text: str | bytes, problem: str) -> None:
    (tmp_path / "net.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=r"The card .*net\.yaml cannot be read: ") as error:
        read_card("net", tmp_path)
    assert problem in str(error.value)


def test_only_a_face_network_must_say_how_it_wants_faces(tmp_path: Path) -> None:
    write_card(tmp_path, kind="landmarks", **dict.fromkeys(("input_size", "mean", "scale", "grids"), ...))
