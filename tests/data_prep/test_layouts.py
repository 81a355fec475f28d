"""The layout of each set: from the path of a photograph to the person on it."""

import pytest

from data_prep.layouts import LAYOUTS, Photo, frontal, several_photographs
from fdemd.data.manifest import Photograph

PATHS = [
    ("lfw", "lfw/Ann_Able/Ann_Able_0001.jpg", Photo("Ann_Able/Ann_Able_0001", "Ann_Able")),
    ("calfw", "Ann_Able_0001.jpg", Photo("Ann_Able/Ann_Able_0001", "Ann_Able")),
    (
        "talfw",
        "x/Ann_Able_0001.png",
        Photo("Ann_Able/Ann_Able_0001", "Ann_Able", "Ann_Able/Ann_Able_0001", True, False),
    ),
    ("mlfw", "a/AJ_Cook_0001_0000.jpg", Photo("AJ_Cook/AJ_Cook_0001_0000", "AJ_Cook", is_gallery=False)),
    ("agedb", "0_MariaCallas_35_f.jpg", Photo("MariaCallas/0_MariaCallas_35_f", "MariaCallas")),
    ("cfp", "Images/001/frontal/01.jpg", Photo("001/frontal/01", "001", is_query=False)),
    ("cfp", "Images/001/profile/02.jpg", Photo("001/profile/02", "001", is_gallery=False)),
    ("folder", "Ann/holiday/1.jpg", Photo("Ann/holiday/1", "Ann")),
]


@pytest.mark.parametrize(("name", "path", "expected"), PATHS)
def test_a_photograph_is_known_by_its_path(name: str, path: str, expected: Photo) -> None:
    assert LAYOUTS[name].read(path) == expected


@pytest.mark.parametrize(
    ("name", "path"), [("lfw", "readme.jpg"), ("agedb", "Maria.jpg"), ("cfp", "001/side/1.jpg"), ("folder", "1.jpg")]
)
def test_other_pictures_are_not_of_the_set(name: str, path: str) -> None:
    assert LAYOUTS[name].read(path) is None


@pytest.mark.parametrize(
    ("name", "path", "copy"),
    [("lfw", "x/pairsDevTrain.txt", "pairsDevTrain.txt"), ("cfp", "Protocol/Split/FP/01.txt", "Split/FP/01.txt")],
)
def test_official_lists_are_found(name: str, path: str, copy: str) -> None:
    match = LAYOUTS[name].lists.search(path)
    assert match and match["name"] == copy


def row(path: str, identity: str, is_query: bool = True, is_gallery: bool = True) -> Photograph:
    return Photograph(path, identity, path, "", is_query, is_gallery, "")


def test_people_with_several_photographs_are_selected() -> None:
    rows = [row("1", "Ann"), row("2", "Bob"), row("3", "Ann")]
    assert several_photographs(rows) == [rows[0], rows[2]]


def test_frontal_photographs_are_queries_and_gallery() -> None:
    rows = [row("1", "001", is_query=False), row("2", "001", is_gallery=False)]
    assert frontal(rows) == [row("1", "001")]
