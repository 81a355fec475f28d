"""Reading LFW's list of pairs, and the sentences for what can be wrong with it."""

from pathlib import Path

import pytest

from fdemd.data.pairs import Pairs, read_pairs
from fdemd.errors import InputError

TWO_FOLDS = """\
2\t1
Ann\t1\t2
Ann\t2\tBob\t1
Bob\t1\t3
Eve_Li\t12\tBob\t3
"""
PHOTOGRAPHS = ["Ann/Ann_0001.jpg", "Ann/Ann_0002.jpg", "Bob/Bob_0001.jpg", "Bob/Bob_0003.jpg", "Eve_Li/Eve_Li_0012.jpg"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in [*PHOTOGRAPHS, "Bob/Bob_0002.jpg"]:
        path = tmp_path / "lfw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "lfw"


def read(tree: Path, text: str) -> Pairs:
    path = tree.parent / "pairs.txt"
    path.write_text(text, encoding="utf-8")
    return read_pairs(path, tree)


def test_pairs_folds_and_only_the_photographs_that_are_needed(tree: Path) -> None:
    pairs = read(tree, TWO_FOLDS)

    assert [photograph.path for photograph in pairs.manifest.photographs] == PHOTOGRAPHS
    assert [photograph.identity for photograph in pairs.manifest.photographs] == ["Ann", "Ann", "Bob", "Bob", "Eve_Li"]
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [(0, 1), (1, 2), (2, 3), (4, 3)]
    assert pairs.same.tolist() == [True, False, True, False]
    assert pairs.fold.tolist() == [0, 0, 1, 1]


def test_a_list_with_one_number_on_top_is_one_fold(tree: Path) -> None:
    """``pairsDevTest.txt`` and ``pairsDevTrain.txt`` of View 1."""
    pairs = read(tree, "2\nAnn 1 2\nBob 1 3\nAnn 2 Bob 1\nEve_Li 12 Bob 3\n")

    assert pairs.same.tolist() == [True, True, False, False]
    assert pairs.fold.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("2\t1", "Ann"), "must begin with its number of folds"),
        (("2\t1", "3\t1"), "should have 3 folds of 2 x 1 pairs by its first line, but 4 pairs follow"),
        (("Bob\t1\t3", "Bob\t1\tAnn\t1"), "pair 3 is 'Bob 1 Ann 1'; PERSON NUMBER NUMBER belongs there"),
        (("Ann\t2\tBob\t1", "Ann\t1\t2"), "pair 2 is 'Ann 1 2'; PERSON NUMBER OTHER_PERSON NUMBER belongs there"),
        (("Ann\t2\tBob\t1", "Ann\t2\tAnn\t1"), "pair 2 is 'Ann 2 Ann 1'; PERSON NUMBER OTHER_PERSON NUMBER"),
        (("Ann\t1\t2", "Ann\tone\t2"), "pair 1 is 'Ann one 2'"),
        (("Ann\t1\t2", "Ann"), "pair 1 is 'Ann'"),
        (("Eve_Li\t12", "Eve_Li\t13"), "lacks 1 of the 5 photographs .*Eve_Li/Eve_Li_0013.jpg first; data.root"),
    ],
)
def test_a_wrong_list_is_refused_with_a_sentence(tree: Path, change: tuple[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read(tree, TWO_FOLDS.replace(*change))


def test_a_list_must_not_lead_out_of_the_folder(tree: Path) -> None:
    (tree.parent / ".._0001.jpg").touch()
    with pytest.raises(InputError, match=r"\.\./\.\._0001.jpg, which leads out of the folder"):
        read(tree, TWO_FOLDS.replace("Ann\t2\tBob", "..\t1\tBob"))


def test_a_missing_or_empty_list_is_refused(tree: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_pairs(tree / "pairs.txt", tree)
    with pytest.raises(InputError, match="must begin with"):
        read(tree, "")


def test_view_2_of_lfw(shared: Path, tmp_path: Path) -> None:
    """6,000 pairs of 7,701 photographs; the message counts the photographs, none of which is there."""
    with pytest.raises(InputError, match="lacks 7701 of the 7701 photographs"):
        read_pairs(shared / "data" / "pairs.txt", tmp_path)
