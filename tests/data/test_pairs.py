"""From the names in a list of pairs to photographs, as taken or prepared; what gave no face keeps its pairs."""

import json
from pathlib import Path

import pytest

from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.manifest_file import read_manifest
from fdemd.data.pairs import Pairs, read_pairs
from fdemd.data.sources import folder_manifest, pairs_manifest
from fdemd.errors import InputError
from fdemd.settings.faces import PairsData

TWO_FOLDS = """\
2\t1
Ann\t1\t2
Ann\t2\tBob\t1
Bob\t1\t3
Eve_Li\t12\tBob\t3
"""
NAMES = ["Ann/Ann_0001", "Ann/Ann_0002", "Bob/Bob_0001", "Bob/Bob_0003", "Eve_Li/Eve_Li_0012"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in [*NAMES, "Bob/Bob_0002"]:
        path = tmp_path / "lfw" / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "lfw"


def read(folder: Path, photographs: Manifest, text: str = TWO_FOLDS) -> Pairs:
    path = folder / "pairs.txt"
    path.write_text(text, encoding="utf-8")
    return read_pairs(path, photographs)


def prepared(folder: Path, names: list[str]) -> Manifest:
    """Faces as data_prep leaves them: PNG, in a folder of their own, with lists of what gave none."""
    rows = [f"faces/{name}.png,{name.split('/')[0]},insightface" for name in names]
    (folder / "manifest.csv").write_text("\n".join(["path,identity,aligned", *rows]))
    return read_manifest(folder / "manifest.csv")


def test_pairs_folds_and_only_the_photographs_that_are_needed(tree: Path) -> None:
    pairs = read(tree.parent, folder_manifest(str(tree)))
    assert [photograph.path for photograph in pairs.manifest.photographs] == [f"{name}.jpg" for name in NAMES]
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [(0, 1), (1, 2), (2, 3), (4, 3)]
    assert pairs.same.tolist() == [True, False, True, False]
    assert pairs.fold.tolist() == [0, 0, 1, 1]
    assert pairs.without == ()


def test_photographs_may_lie_in_other_folders_and_be_other_files(tmp_path: Path) -> None:
    pairs = read(tmp_path, prepared(tmp_path, [*NAMES, "Bob/Bob_0002"]))
    assert [photograph.path for photograph in pairs.manifest.photographs] == [f"faces/{name}.png" for name in NAMES]
    assert {photograph.aligned for photograph in pairs.manifest.photographs} == {"insightface"}
    by_file = read(tmp_path, pairs.manifest, "Ann_0001.jpg Ann_0002.jpg 1\nAnn_0001.jpg Bob_0003.jpg 0\n")
    assert (by_file.first.tolist(), by_file.second.tolist()) == ([0, 0], [1, 2])


def reported(folder: Path, *without_face: list[str]) -> None:
    (folder / "report.json").write_text(json.dumps({"set": "lfw", "photographs without a face": without_face}))


def test_a_photograph_that_gave_no_face_keeps_its_pairs(tmp_path: Path) -> None:
    reported(
        tmp_path,
        ["lfw/Bob/Bob_0001.jpg", "no face found", "the detector dlib found none"],
        ["lfw/Bob/Bob_0002.jpg", "unreadable", "damaged"],
    )
    pairs = read(tmp_path, prepared(tmp_path, [name for name in NAMES if name != "Bob/Bob_0001"]))
    assert [(entry.row, entry.problem, entry.reason) for entry in pairs.without] == [
        (2, "no face found", "the detector dlib found none")
    ]
    assert pairs.manifest.photographs[2].path == "lfw/Bob/Bob_0001.jpg"
    assert len(pairs) == 4


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"photographs without a face'])
def test_a_damaged_report_is_a_sentence(tmp_path: Path, text: str) -> None:
    photographs = prepared(tmp_path, NAMES[1:])
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(InputError, match=r"report\.json is damaged: .*; prepare the set again\."):
        read(tmp_path, photographs)


def test_photographs_that_are_missing_are_counted(tree: Path) -> None:
    (tree / "Bob" / "Bob_0003.jpg").unlink()
    with pytest.raises(InputError, match=r"lacks 1 of the 5 photographs that .* names, Bob/Bob_0003 first"):
        read(tree.parent, folder_manifest(str(tree)))
    reported(tree)
    with pytest.raises(InputError, match="lacks 1 of the 5 photographs"):
        read(tree.parent, folder_manifest(str(tree)))


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    names = [*NAMES, "copies/Ann/Ann_0001"]
    with pytest.raises(InputError, match=r"faces/copies/Ann/Ann_0001.png are both called Ann/Ann_0001"):
        read(tmp_path, prepared(tmp_path, names))


def test_a_list_cannot_lead_out_of_the_folder(tree: Path) -> None:
    (tree.parent / ".._0001.jpg").touch()
    with pytest.raises(InputError, match="lacks 1 of the 6 photographs"):
        read(tree.parent, folder_manifest(str(tree)), TWO_FOLDS.replace("Ann\t2\tBob", "..\t1\tBob"))


def test_view_2_of_lfw(shared: Path, tmp_path: Path) -> None:
    """6,000 pairs of 7,701 photographs."""
    anything = Manifest(tmp_path, (Photograph("a.jpg", "a", "a.jpg"),))
    with pytest.raises(InputError, match="lacks 7701 of the 7701 photographs"):
        read_pairs(shared / "data" / "pairs.txt", anything)


def data_of(name: str, manifest: str | None = None, root: str | None = None) -> PairsData:
    loading = {"detector": "dlib", "batch_size": 8, "num_workers": 0, "cache": None}
    return PairsData(name=name, manifest=manifest, root=root, pairs="pairs.txt", flip=False, **loading)


def test_where_the_photographs_come_from(tree: Path) -> None:
    assert len(pairs_manifest(data_of("lfw_pairs", root=str(tree)))) == 6
    with pytest.raises(InputError, match=r"download mlfw .*python -m data_prep mlfw --source"):
        pairs_manifest(data_of("mlfw_pairs", manifest="nowhere/manifest.csv"))
    with pytest.raises(InputError, match="does not exist"):
        pairs_manifest(data_of("pairs", manifest="nowhere/manifest.csv"))
    with pytest.raises(InputError, match=r"give data\.manifest=FILE .prepared. or data\.root=FOLDER"):
        pairs_manifest(data_of("pairs"))


def test_names_in_a_list_may_be_spelled_in_another_way_than_folders(tmp_path: Path) -> None:
    decomposed = "Zoe\u0308"
    for name in (f"{decomposed}/{decomposed}_0001", "Zoë/Zoë_0002", "Bob/Bob_0001", "Bob/Bob_0002"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / f"{name}.png").touch()
    text = f"1 1\nZoë 1 2\n{decomposed} 1 Bob 1\n"
    pairs = read(tmp_path, folder_manifest(str(tmp_path / "set")), text)
    paths = [photograph.path for photograph in pairs.manifest.photographs]
    assert [paths[row] for row in pairs.first] == [f"{decomposed}/{decomposed}_0001.png"] * 2
    assert [paths[row] for row in pairs.second] == ["Zoë/Zoë_0002.png", "Bob/Bob_0001.png"]


def test_mfr2_as_it_is_published(tmp_path: Path) -> None:
    for name in ("AdrienBrody/AdrienBrody_0001", "AdrienBrody/AdrienBrody_0002", "AdriannaLima/AdriannaLima_0001"):
        (tmp_path / "mfr2" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mfr2" / f"{name}.png").touch()
    text = "AdrienBrody 1 AdriannaLima 1\nAdrienBrody 1 2\nAdrienBrody 2 AdriannaLima 1\nAdrienBrody 2 1\n"
    pairs = read(tmp_path, folder_manifest(str(tmp_path / "mfr2")), text)
    assert (pairs.same.tolist(), pairs.fold.tolist()) == ([False, True, False, True], [0, 0, 1, 1])
