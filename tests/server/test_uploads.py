"""Photographs are looked at before they are decoded."""

import io
import struct
import zlib

import pytest
from fastapi import UploadFile
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fdemd.errors import InputError
from fdemd.server.limits import Limits
from fdemd.server.problems import Problem
from fdemd.server.uploads import check_number, name_of, read_upload
from tests.server.conftest import Serve
from tests.server.made_server import picture


def upload(content: bytes, name: str | None = "a.png") -> UploadFile:
    return UploadFile(io.BytesIO(content), filename=name)


def bomb(side: int) -> bytes:
    """A PNG that claims to have so many pixels a side, with none behind."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    )


def test_what_arrived(tmp_path) -> None:
    content = picture("Ann", size=(80, 60))
    found = read_upload(upload(content), Limits())
    assert (found.name, found.content, found.width, found.height) == ("a.png", content, 80, 60)


@pytest.mark.parametrize("side", [7000, 20_000, 2**31 - 1])
def test_too_many_pixels_are_told_by_the_header(side: int) -> None:
    with pytest.raises((Problem, InputError), match="pixels"):
        read_upload(upload(bomb(side)), Limits())


def test_a_bomb_is_refused_over_http(serve: Serve) -> None:
    client = serve()
    for path, field in (("/v1/search", "photograph"), ("/v1/faces", "photographs")):
        response = client.post(path, data={"person": "Ann"}, files={field: ("bomb.png", bomb(8000))})
        assert response.status_code == 413
        assert response.json()["error"]["message"] == (
            "The photograph bomb.png has 8000x8000 pixels; 40,000,000 are the most."
        )


def test_what_is_no_image_is_told_by_name() -> None:
    with pytest.raises(InputError, match=r"The photograph a\.png cannot be read: not an image"):
        read_upload(upload(b"<html>"), Limits())


@given(st.text(max_size=300) | st.none())
def test_any_name_can_be_told(name: str | None) -> None:
    told = name_of(upload(b"", name))
    assert told and told.isprintable()


def test_a_rotation_that_is_broken_is_none() -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 48)).save(file, "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert read_upload(upload(file.getvalue()), Limits()).width == 64


def test_only_so_many_photographs(serve: Serve) -> None:
    limits = Limits(photographs=2)
    with pytest.raises(Problem, match="has 3 photographs; 2 are the most"):
        check_number([upload(b"")] * 3, limits)
    client: TestClient = serve(limits)
    files = [("photographs", (f"{number}.png", picture("Ann", shot=number))) for number in range(3)]
    response = client.post("/v1/faces", data={"person": "Ann"}, files=files)
    assert response.status_code == 413 and client.get("/v1/persons").json()["persons"] == []
