"""Whatever a download calls its photographs, our own files have names that disks, manifests and terminals can hold."""

import csv
import io
import random
import unicodedata
from pathlib import Path

import pytest

from data_prep.names import person_name, safe_name, unique_names

ORDINARY = [
    "Aaron_Eckhart/Aaron_Eckhart_0001",
    "001/frontal/01",
    "Zoë Å/deeper/1",
    "張偉/一",
    "José (2)/a, b; c & d",
    "100 %/50%20",
    "s1/1",
    "x.png/1",
    "photo (1) ",
    "n" * 246,
]


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert safe_name(name) == name
    assert unique_names([name]) == [name]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a\\b/1", "a%5Cb/1"),
        ("Ann/1\r", "Ann/1%0D"),
        ("Ann/1\n2", "Ann/1%0A2"),
        ("Ann/\x1b[2J", "Ann/%1B[2J"),
        ("Ann/\udcff\udcfe", "Ann/%FF%FE"),
        ("Ann/\ud800", "Ann/%ED%A0%80"),
        ("Ann/\u2028", "Ann/%E2%80%A8"),
        (" Ann/1", "%20Ann/1"),
        ("Ann /1", "Ann%20/1"),
        ("Ann\u3000/1", "Ann%E3%80%80/1"),
        ("Ann//./1", "Ann/1"),
        ("../Ann/1", "Ann/1"),
        ("/Ann/1", "Ann/1"),
        ("Ann/ ", "Ann/%20"),
        ("", "unnamed"),
    ],
)
def test_odd_characters_are_written_as_bytes(name: str, safe: str) -> None:
    assert safe_name(name) == safe
    assert safe_name(safe) == safe, "a name that is safe stays so"


@pytest.mark.parametrize("letter", ["n", "é", "張", "\x01", "\udcff"])
def test_names_too_long_for_a_disk_are_cut_and_stay_apart(tmp_path: Path, letter: str) -> None:
    one, two = unique_names([f"{letter * 300}/{letter * 300}1", f"{letter * 300}/{letter * 300}2"])
    assert one != two
    assert Path(one).parent == Path(two).parent, "one folder stays one folder"
    (tmp_path / one).parent.mkdir()
    for name in (one, two):
        (tmp_path / f"{name}.png").touch()


def test_paths_too_deep_for_a_system_are_cut(tmp_path: Path) -> None:
    names = unique_names([f"Ann/{'folder/' * 2000}{number}" for number in (1, 2)])
    assert len(set(names)) == 2
    (tmp_path / "Ann").mkdir()
    for name in names:
        (tmp_path / f"{name}.png").touch()


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["Ann/1", "Ann/1", "Ann/1"], ["Ann/1", "Ann/1~2", "Ann/1~3"]),
        (["Ann/1~2", "Ann/1", "Ann/1"], ["Ann/1~2", "Ann/1", "Ann/1~3"]),
        (["a\\b", "a%5Cb"], ["a%5Cb", "a%5Cb~2"]),
        (["x", "x.png/y"], ["x~2", "x.png/y"]),
        (["x.png/y", "x"], ["x.png/y", "x~2"]),
        (["a", "a/b"], ["a", "a/b"]),  # a.png beside the folder a
        (["Zo\u00eb", "Zoe\u0308"], ["Zo\u00eb", "Zoe\u0308~2"]),
        (["Ann", "ann"], ["Ann", "ann~2"]),
        (["Ann.png/1", "ann"], ["Ann.png/1", "ann~2"]),
        (["Straße", "STRASSE"], ["Straße", "STRASSE~2"]),
    ],
)
def test_no_name_takes_the_place_of_another(names: list[str], unique: list[str]) -> None:
    assert unique_names(names) == unique


def test_the_longest_name_twice_still_fits() -> None:
    one, two = unique_names(["n" * 246] * 2)
    assert one != two
    assert len(two) <= 246


def test_thousands_of_one_name_are_named_at_once() -> None:
    assert unique_names(["Ann/1"] * 20_000)[-1] == "Ann/1~20000"


def test_any_names_become_files_and_rows_that_are_read_back(tmp_path: Path) -> None:
    rng = random.Random(0)
    letters = "ab./\\ \r\n\t\x00\x1b\u0085\u2028\u202e,\"'%~é\u0301\udc80\udcff張🙂"
    names = ["".join(rng.choices(letters, k=rng.choice((1, 3, 8, 300)))) for _ in range(400)]
    found = unique_names(names)
    assert len({unicodedata.normalize("NFC", name) for name in found}) == len(names)
    for number, name in enumerate(found):
        file = tmp_path / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(number))
    assert [(tmp_path / f"{name}.png").read_text() for name in found] == [str(number) for number in range(len(names))]
    table = io.StringIO(newline="")
    csv.writer(table, lineterminator="\n").writerows([f"faces/{name}.png"] for name in found)
    (tmp_path / "table.csv").write_text(table.getvalue(), encoding="utf-8", newline="")
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        assert [row[0].strip() for row in csv.reader(file)] == [f"faces/{name}.png" for name in found]


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("Ann", "Ann"),
        (" Ann\r", "Ann"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("Ann\rAble", "Ann%0DAble"),
        ("\udcff", "%FF"),
        (" ", ""),
    ],
)
def test_a_person_has_one_spelling(name: str, person: str) -> None:
    assert person_name(name) == person
