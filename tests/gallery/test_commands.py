"""The commands on real photographs, in their usual order."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from fdemd.data.sources import orl_manifest
from fdemd.gallery.command import main
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.moving import LeftBehind, Move

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with people to enrol, strangers for the cohort, and a gallery ``people.db`` of the first."""
    folder, root = tmp_path_factory.mktemp("work"), orl_manifest().root
    for group, people in (("colleagues", range(1, 4)), ("strangers", range(11, 31))):
        for n in people:
            (folder / group / f"s{n}").mkdir(parents=True)
            for shot in (1, 2) if group == "colleagues" else (1,):
                shutil.copy(root / f"s{n}/{shot}.pgm", folder / group / f"s{n}" / f"{shot}.pgm")
    (folder / "colleagues/s1/notes.txt").write_text("no photograph")
    (folder / "colleagues/s2/broken.jpg").write_bytes(b"no image")
    return folder


def run(made: Path, capsys: Captured, *words: object) -> tuple[int, str, str]:
    status = main([str(words[0]), "--gallery", str(made / "people.db"), *map(str, words[1:])])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_a_newcomers_run(made: Path, capsys: Captured) -> None:
    root = orl_manifest().root
    enrol = ("enrol", made / "colleagues", "--backbone", "dlib", "--cohort", made / "strangers")
    status, out, _ = run(made, capsys, *enrol)
    assert status == 0, out
    assert "6 photographs enrolled, 0 known already, 1 refused, 1 other files" in out and "1 unreadable" in out
    assert "broken.jpg was refused: " in out and "s1/notes.txt was left out: not an image by its name." in out
    assert "0 photographs enrolled, 6 known already, 1 refused" in run(made, capsys, *enrol[:2])[1]

    status, out, _ = run(made, capsys, "identify", root / "s2/5.pgm", "--picture", made / "named.png")
    assert status == 0 and "s2" in out and "of strangers get a name" in out
    assert Image.open(made / "named.png").size[0] > 500
    assert run(made, capsys, "identify", root / "s2/5.pgm", "--explain", made / "why.png")[0] == 0
    assert Image.open(made / "why.png").size[0] > 500
    status, out, _ = run(made, capsys, "identify", "--json", root / "s3/5.pgm", root / "s20/5.pgm")
    first, second = map(json.loads, out.splitlines())
    assert [first["faces"][0]["person"], second["faces"][0]["person"]] == ["s3", None]

    assert "3 people in" in run(made, capsys, "list")[1]
    listed = json.loads(run(made, capsys, "list", "--json")[1])
    assert [person["person"] for person in listed] == ["s1", "s2", "s3"]
    number = listed[0]["photographs"][0]["number"]
    assert run(made, capsys, "remove", "--photograph", number)[1] == f"Photograph {number} was removed.\n"
    assert run(made, capsys, "rename", "s1", "Ann Lee")[1] == "s1 is now Ann Lee.\n"
    assert run(made, capsys, "merge", "s3", "s2")[1] == "s2 has 2 photographs more, and s3 was removed.\n"
    assert run(made, capsys, "export", made / "export")[1] == f"5 photographs in {made / 'export'}.\n"
    assert run(made, capsys, "remove", "Ann Lee")[1] == "Ann Lee was removed with 1 photograph.\n"
    assert run(made, capsys, "check")[:2] == (0, "1 person, 4 photographs: nothing is wrong.\n")
    other = ["--gallery", str(made / "other.db")]
    assert main(["import", *other, str(made / "export")]) == 0
    assert capsys.readouterr().out == "5 photographs enrolled, 0 known already.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["identify", "nowhere.jpg"], "nowhere.jpg does not exist; name a photograph or a folder that is there"),
        (["identify", "a", "b", "--picture", "c.png"], "--picture and --explain are for one photograph"),
        (["remove", "nobody"], "nobody"),
        (["enrol", "a", "b"], "Name one folder of people"),
        (["enrol", "--person", "<b>", "a"], "signs of markup"),
        (["enrol", "--person", "Ann", "a"], "None of 1 photographs was enrolled"),
        (["import", "nowhere"], "is no export"),
    ],
)
def test_mistakes_are_told_in_a_line(
    made: Path, capsys: Captured, words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).touch()
    status, _, err = run(made, capsys, *words)
    assert status == 2
    assert sentence.lower() in err.lower() and err.startswith("gallery: ") and err.count("\n") == 1


def test_one_persons_photographs(made: Path, capsys: Captured) -> None:
    root = orl_manifest().root
    status, out, _ = run(made, capsys, "enrol", "--person", "Bob", root / "s8/1.pgm", root / "s8/3.pgm")
    assert (status, out.splitlines()[-1][:24]) == (0, "2 photographs enrolled, ")
    _, out, _ = run(made, capsys, "identify", "--json", root / "s8/6.pgm")
    assert json.loads(out)["faces"][0]["person"] == "Bob"


def test_a_move_tells_what_it_leaves_behind(made: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [LeftBehind(7, "Ann Lee", "the file a.jpg is not there any more")]
    for drop, status, words in (
        ([], 2, "1 photograph cannot be moved, and nothing was changed"),
        (["--drop-missing"], 0, "3 photographs moved, 1 removed."),
    ):
        asked = {}

        def re_embed(where: str, asked: dict[str, object] = asked, **how: object) -> Move:
            asked.update(how)
            return Move(3, left, done=bool(how["drop_missing"]))

        monkeypatch.setattr(Gallery, "re_embed", staticmethod(re_embed))
        found, out, err = run(made, capsys, "re-embed", "--backbone", "dlib", *drop)
        assert found == status and words.lower() in (out + err).lower()
        assert "Photograph 7 of Ann Lee cannot be moved: the file a.jpg is not there any more." in out
        same = dict.fromkeys(("detector", "patches", "dtype"))
        assert asked == {"backbone": "dlib", **same, "drop_missing": bool(drop)}
