"""Lists of pairs in every published form, and the sentences for what can be wrong with them."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from fdemd.data.pair_lists import Pair, read_pair_list
from fdemd.errors import InputError

LFW = """\
2\t1
Ann\t1\t2
Ann\t2\tBob\t1
Bob\t1\t3
Eve_Li\t12\tBob\t3
"""
CALFW = "Ann_0001.jpg 1\nAnn_0002.jpg 1\nBob_0001.jpg 0\nAnn_0001.jpg 0\n"
MLFW = "Ann_0001_0001.jpg\tAnn_0001_0002.jpg\t1\nAnn_0001_0001.jpg\tBob_0001_0001.jpg\t0\n"
MFR2 = "Ann 1 2\nAnn 1 Bob 2\nBob 1 Ann 3\nBob 1 2\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "pairs.txt"
    path.write_text(text, encoding="utf-8")
    return path


def cfp(folder: Path) -> Path:
    """``Protocol`` of CFP with two folds; photograph 3 is the first of the second person."""
    for view, letter in (("frontal", "F"), ("profile", "P")):
        lines = [f"{2 * p + n} ../Data/Images/{p + 1:03d}/{view}/{n:02d}.jpg" for p in range(2) for n in (1, 2)]
        (folder / f"Pair_list_{letter}.txt").write_text("\n".join(lines))
    for kind, name in (("FF", "01"), ("FP", "01"), ("FP", "02")):
        (folder / "Split" / kind / name).mkdir(parents=True)
        (folder / "Split" / kind / name / "same.txt").write_text("1,2\n")
        (folder / "Split" / kind / name / "diff.txt").write_text("1,3\n")
    return folder / "Split"


def test_lfw(tmp_path: Path) -> None:
    assert read_pair_list(write(tmp_path, LFW)) == [
        Pair("Ann/Ann_0001", "Ann/Ann_0002", True, 0),
        Pair("Ann/Ann_0002", "Bob/Bob_0001", False, 0),
        Pair("Bob/Bob_0001", "Bob/Bob_0003", True, 1),
        Pair("Eve_Li/Eve_Li_0012", "Bob/Bob_0003", False, 1),
    ]


def test_a_list_of_lfw_with_one_number_on_top_is_one_fold(tmp_path: Path) -> None:
    """``pairsDevTest.txt`` and ``pairsDevTrain.txt`` of View 1."""
    pairs = read_pair_list(write(tmp_path, "2\nAnn 1 2\nBob 1 3\nAnn 2 Bob 1\nEve_Li 12 Bob 3\n"))
    assert [pair.same for pair in pairs] == [True, True, False, False]
    assert {pair.fold for pair in pairs} == {0}


def test_mfr2_has_no_first_line_no_order_and_no_folds(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        pairs = read_pair_list(write(tmp_path, MFR2))
    assert pairs == [
        Pair("Ann/Ann_0001", "Ann/Ann_0002", True, 0),
        Pair("Ann/Ann_0001", "Bob/Bob_0002", False, 0),
        Pair("Bob/Bob_0001", "Ann/Ann_0003", False, 1),
        Pair("Bob/Bob_0001", "Bob/Bob_0002", True, 1),
    ]
    assert "names no folds; its pairs of each kind are cut into 2, in their order" in caplog.text


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ("Ann 1 Ann 2", Pair("Ann/Ann_0001", "Ann/Ann_0002", True, 0)),
        ("Ann Able\t1\t2", Pair("Ann Able/Ann Able_0001", "Ann Able/Ann Able_0002", True, 0)),
        ("007 1 2", Pair("007/007_0001", "007/007_0002", True, 0)),
        ("Zoë 1 Zoe\u0308 2", Pair("Zoë/Zoë_0001", "Zoe\u0308/Zoe\u0308_0002", True, 0)),
    ],
)
def test_lines_that_can_be_read_in_one_way_only_are(tmp_path: Path, line: str, pair: Pair) -> None:
    assert read_pair_list(write(tmp_path, f"{line}\nAnn 1 Bob 2\n"))[0] == pair


def test_calfw_has_two_lines_a_pair(tmp_path: Path) -> None:
    assert read_pair_list(write(tmp_path, CALFW)) == [
        Pair("Ann_0001", "Ann_0002", True, 0),
        Pair("Bob_0001", "Ann_0001", False, 0),
    ]


def test_mlfw_has_one_line_a_pair(tmp_path: Path) -> None:
    assert read_pair_list(write(tmp_path, MLFW)) == [
        Pair("Ann_0001_0001", "Ann_0001_0002", True, 0),
        Pair("Ann_0001_0001", "Bob_0001_0001", False, 0),
    ]


def test_cfp_has_a_folder_a_fold(tmp_path: Path) -> None:
    split = cfp(tmp_path)
    assert read_pair_list(split / "FP") == [
        Pair("001/frontal/01", "001/profile/02", True, 0),
        Pair("001/frontal/01", "002/profile/01", False, 0),
        Pair("001/frontal/01", "001/profile/02", True, 1),
        Pair("001/frontal/01", "002/profile/01", False, 1),
    ]
    assert read_pair_list(split / "FF") == [
        Pair("001/frontal/01", "001/frontal/02", True, 0),
        Pair("001/frontal/01", "002/frontal/01", False, 0),
    ]


@pytest.mark.parametrize("in_turn", [True, False])
def test_lists_without_folds_are_cut_into_tenths_of_each_kind(tmp_path: Path, in_turn: bool) -> None:
    """Ten times three pairs of each kind: in turn, these blocks are the folds; one kind after the other as well."""
    kinds = [1, 1, 1, 0, 0, 0] * 10 if in_turn else [1] * 30 + [0] * 30
    pairs = read_pair_list(write(tmp_path, "".join(f"a_{n}.jpg b_{n}.jpg {kind}\n" for n, kind in enumerate(kinds))))
    assert [pair.same for pair in pairs] == [bool(kind) for kind in kinds]
    of_kind = [[pair.fold for pair in pairs if pair.same == kind] for kind in (True, False)]
    assert of_kind == [[fold for fold in range(10) for _ in range(3)]] * 2
    if in_turn:
        assert [pair.fold for pair in pairs] == [number // 6 for number in range(60)]


def test_fewer_than_ten_of_a_kind_give_fewer_folds(tmp_path: Path) -> None:
    pairs = read_pair_list(write(tmp_path, MLFW * 3 + "Ann_0001_0001.jpg Ann_0001_0003.jpg 1\n"))
    assert [pair.fold for pair in pairs] == [0, 0, 0, 1, 1, 2, 2]


MANY = "9" * 5000
"""More digits than Python reads as a number."""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no list of pairs of a known form"),
        ("Ann Bob\n", "no list of pairs of a known form"),
        ("10 300 5\n", "has no pair of two people"),
        ("300 pairs\n", "no list of pairs of a known form"),
        (MFR2.replace("Bob 1 Ann 3", "Bob one Ann 3"), "line 3 is 'Bob one Ann 3'; PERSON NUMBER NUMBER or PERSON"),
        (MFR2.replace("Bob 1 Ann 3", "Bob"), "line 3 is 'Bob'"),
        (MFR2.replace("Ann 1 Bob 2\n", "").replace("Bob 1 Ann 3\n", ""), "has no pair of two people; without both"),
        (MLFW.replace("\t1", "\t0"), "has no pair of one person"),
        (LFW.replace("2\t1", "3\t1"), "should have 3 folds of 2 x 1 pairs by its first line, but 4 pairs follow"),
        (LFW.replace("2\t1", "0\t1"), "should have 0 folds"),
        (LFW.replace("Bob\t1\t3", "Bob\t1\tAnn\t1"), "pair 3 is 'Bob 1 Ann 1'; PERSON NUMBER NUMBER belongs there"),
        (LFW.replace("Ann\t2\tBob\t1", "Ann\t1\t2"), "pair 2 is 'Ann 1 2'; PERSON NUMBER OTHER_PERSON NUMBER"),
        (LFW.replace("Ann\t2\tBob\t1", "Ann\t2\tAnn\t1"), "pair 2 is 'Ann 2 Ann 1'; PERSON NUMBER OTHER_PERSON"),
        (LFW.replace("Ann\t1\t2", "Ann\tone\t2"), "pair 1 is 'Ann one 2'"),
        (LFW.replace("Ann\t1\t2", "Ann"), "pair 1 is 'Ann'"),
        (CALFW + "Ann_0001.jpg 0\n", "has 5 lines; a pair has two"),
        (CALFW.replace("Ann_0002.jpg 1", "Ann_0002.jpg 0"), "lines 1 and 2 are .* both numbers 0 or none"),
        (CALFW.replace("Ann_0002.jpg 1", "Ann_0002.jpg"), "lines 1 and 2 are 'Ann_0001.jpg 1 / Ann_0002.jpg'"),
        (MLFW.replace("\t0", "\t2"), "line 2 is 'Ann_0001_0001.jpg Bob_0001_0001.jpg 2'"),
        (MLFW.replace("Bob_0001_0001.jpg", "Bob"), "line 2 is"),
        (LFW.replace("2\t1", f"2\t{MANY}"), "no list of pairs of a known form"),
        (LFW.replace("Ann\t1\t2", f"Ann\t1\t{MANY}"), "pair 1 is 'Ann 1 999"),
        (LFW.replace("Ann\t1\t2", "Ann\t1\t\u0662"), "pair 1 is 'Ann 1 \u0662'"),
        (MFR2.replace("Bob 1 Ann 3", f"Bob {MANY} Ann 3"), "line 3 is 'Bob 999"),
        (
            CALFW.replace("Ann_0002.jpg 1", f"Ann_0002.jpg {MANY}"),
            "lines 1 and 2 are 'Ann_0001.jpg 1 / Ann_0002.jpg 999",
        ),
    ],
)
def test_a_wrong_list_is_refused_with_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_pair_list(write(tmp_path, text))


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("Split/FP/02/diff.txt", "1,9\n", "line 1 is '1,9'; two numbers of the lists in"),
        ("Split/FP/02/diff.txt", "1\n", "line 1 is '1'; two numbers"),
        ("Split/FP/02/diff.txt", f"1,{MANY}\n", "line 1 is '1,999.*two numbers"),
        ("Pair_list_F.txt", f"{MANY} a.jpg\n", "line 1 is '999.*NUMBER PATH belongs there"),
        ("Pair_list_F.txt", "one\n", "line 1 is 'one'; NUMBER PATH belongs there"),
    ],
)
def test_wrong_lists_of_cfp_are_refused(tmp_path: Path, file: str, text: str, sentence: str) -> None:
    split = cfp(tmp_path)
    (tmp_path / file).write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_pair_list(split / "FP")


def test_lists_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not exist; give it with data\.pairs=PATH"):
        read_pair_list(tmp_path / "pairs.txt")
    split = cfp(tmp_path)
    (split / "FP" / "01" / "diff.txt").unlink()
    with pytest.raises(InputError, match=r"FP/01/diff\.txt does not exist"):
        read_pair_list(split / "FP")
    with pytest.raises(InputError, match=r"has no 01/same\.txt"):
        read_pair_list(split / "FP" / "02")
    (tmp_path / "pairs.txt").write_bytes(b"\xff\xfe1")
    with pytest.raises(InputError, match="not a text file in UTF-8"):
        read_pair_list(tmp_path / "pairs.txt")


@pytest.mark.parametrize("locked", ["pairs.txt", "Split/FP", "Split/FP/02", "Pair_list_P.txt"])
def test_lists_that_may_not_be_read_are_a_sentence(tmp_path: Path, as_other_user: list[str], locked: str) -> None:
    """A fold that is locked is not left out."""
    split = cfp(tmp_path)
    write(tmp_path, LFW)
    (tmp_path / locked).chmod(0)
    read = "import sys, pathlib; from fdemd.data.pair_lists import read_pair_list as read; "
    read += "from fdemd.cli.exit_status import exit_status; "
    read += "sys.exit(exit_status('x', lambda: read(pathlib.Path(sys.argv[1]))))"
    path = tmp_path / "pairs.txt" if locked == "pairs.txt" else split / "FP"
    try:
        command = [*as_other_user, sys.executable, "-c", read, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        (tmp_path / locked).chmod(0o755)
    assert done.returncode == 2, done.stderr
    assert "cannot be read (Permission denied)" in done.stderr and len(done.stderr.splitlines()) == 1
