"""The list of photographs: no row twice, somebody to tell apart, and a digest of all that it says."""

import hashlib
import json
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from fdemd.data.manifest import Manifest, Photograph, check_identities, rows_digest
from fdemd.errors import InputError

ANN, BOB = Photograph("a/1.jpg", "ann", "a/1.jpg"), Photograph("b/1.jpg", "bob", "b/1.jpg")


def test_a_photograph_lies_below_the_root() -> None:
    manifest = Manifest(Path("faces"), (ANN, BOB))
    assert len(manifest) == 2
    assert manifest.file(BOB) == Path("faces/b/1.jpg")


def test_a_path_stands_in_it_once_whoever_is_said_to_be_on_it() -> None:
    with pytest.raises(InputError, match=r"a/1\.jpg stands twice in the list of photographs of faces"):
        Manifest(Path("faces"), (ANN, BOB, replace(ANN, identity="bob")))


@pytest.mark.parametrize(
    ("photographs", "complaint"),
    [
        ([], "LIST has no photographs in it"),
        ([ANN, replace(ANN, path="a/2.jpg")], r"LIST has .* one person only \(ann\)"),
    ],
)
def test_there_must_be_people_to_tell_apart(photographs: list[Photograph], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        check_identities(photographs, "LIST")
    check_identities([ANN, BOB], "LIST")


@pytest.mark.parametrize(
    "change",
    [
        {"path": "a/2.jpg"},
        {"identity": "carl"},
        {"source": "a/0.jpg"},
        {"split": "test"},
        {"is_query": False},
        {"is_gallery": False},
        {"aligned": "dlib"},
    ],
)
def test_whatever_a_row_says_is_in_the_digest(change: dict[str, object]) -> None:
    """A training is resumed only on the rows that it began with."""
    assert rows_digest([ANN, replace(BOB, **change)]) != rows_digest([ANN, BOB])  # type: ignore[arg-type]
    assert rows_digest([BOB, ANN]) != rows_digest([ANN, BOB])
    assert rows_digest(iter([ANN, BOB])) == rows_digest((ANN, BOB))


def test_the_digest_of_rows_is_that_of_their_list_as_json() -> None:
    """As checkpoints have it: otherwise no training could be resumed."""
    rows = [ANN, replace(BOB, path='b/"\u00eb.jpg', is_query=False)]
    assert rows_digest(rows) == hashlib.sha256(json.dumps([astuple(row) for row in rows]).encode()).hexdigest()
    assert rows_digest([]) == hashlib.sha256(b"[]").hexdigest()
