"""Copies that systems make are told from photographs by where they lie, in folders and archives alike."""

import pytest

from fdemd.files.hidden import is_hidden


@pytest.mark.parametrize(
    "path",
    [
        "Ann/.ipynb_checkpoints/1-checkpoint.pgm",
        ".ipynb_checkpoints/1-checkpoint.pgm",
        "Ann/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg",
        "__MACOSX/Ann/._1.jpg",
        "Ann/._1.jpg",
        "Ann/.thumbnails/1.jpg",
        ".Trash-1000/files/Ann/1.jpg",
        "Ann/.DS_Store",
        "Ann/Thumbs.db",
        "Ann/thumbs.db",
        "#recycle/Ann/1.jpg",
        "$RECYCLE.BIN/S-1-5-21/1.jpg",
    ],
)
def test_what_systems_make_is_hidden(path: str) -> None:
    assert is_hidden(path)


@pytest.mark.parametrize(
    "path",
    ["Ann/1.jpg", "./Ann/1.jpg", "Ann..Able/1..jpg", "MACOSX/1.jpg", "eaDir/1.jpg", "Ann/Thumbs.db.jpg", "a.b/c"],
)
def test_what_people_make_is_not(path: str) -> None:
    assert not is_hidden(path)
