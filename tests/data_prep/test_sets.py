"""Every set from its official layout (docs/data.md) to verified faces, and on to evaluate.py."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from fdemd.cli.command_line import main as evaluate
from fdemd.data.manifest import Manifest
from fdemd.jobs import run
from tests.data_prep.conftest import PEOPLE, lfw_files, picture, write_tar, write_tree, write_zip
from tests.data_prep.made_records import pack

Prepare = Callable[..., Manifest]


def paths(manifest: Manifest) -> list[str]:
    return [row.path for row in manifest.photographs]


def evaluated(manifest: Path, output: Path) -> dict:
    """The figures of ``evaluate.py --rerank`` on a manifest."""
    arguments = ["--rerank", "data=manifest", f"data.manifest='{manifest}'", "data.num_workers=0", f"output='{output}'"]
    assert evaluate("evaluate", run, "test", arguments) == 0
    return json.loads((next(output.iterdir()) / "results.json").read_text())


def verified(manifest: Path, pairs: Path, output: Path) -> dict:
    """The facts of ``evaluate.py --rerank`` on pairs of a manifest."""
    given = [f"data.manifest='{manifest}'", f"data.pairs='{pairs}'", f"output='{output}'", "data.num_workers=0"]
    assert evaluate("evaluate", run, "test", ["--rerank", "data=pairs", *given]) == 0
    return json.loads((next(output.iterdir()) / "results.json").read_text())


def test_lfw(prepare: Prepare, lfw_tar: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("1\nAnn_Able\t1\t2\nAnn_Able\t1\tBob_Baker\t1\n")
    manifest = prepare("lfw", lfw_tar, pairs)
    assert paths(manifest) == [
        "faces/Ann_Able/Ann_Able_0001.png",
        "faces/Ann_Able/Ann_Able_0002.png",
        "faces/Bob_Baker/Bob_Baker_0001.png",
        "faces/Bob_Baker/Bob_Baker_0002.png",
        "faces/Cy_Cole/Cy_Cole_0001.png",
    ]
    assert {row.aligned for row in manifest.photographs} == {"dlib"}
    with Image.open(manifest.file(manifest.photographs[0])) as face:
        assert (face.format, face.size, face.mode) == ("PNG", (150, 150), "RGB")
    assert (manifest.root / "lists" / "pairs.txt").read_bytes() == pairs.read_bytes()
    report = json.loads((manifest.root / "report.json").read_text())
    assert report["photographs"]["found"] == 5
    assert report["photographs"]["people with two or more"] == 2
    assert report["images per person"] == {"1": 1, "2": 2}
    assert report["manifests"]["manifest.csv"]["queries with nobody to find"] == 1
    assert report["manifests"]["lfw1680.csv"] == {
        "images": 4,
        "people": 2,
        "queries": 4,
        "gallery": 4,
        "queries with nobody to find": 0,
    }
    facts = evaluated(manifest.root / "lfw1680.csv", tmp_path / "out")
    assert facts["data"]["photographs"] == 4
    assert all(row["P@1"] == 100 for row in facts["results"] if row["query"] == "clean" and row["stage"] != "gain")


def test_calfw_takes_the_photographs_rather_than_their_aligned_copies(prepare: Prepare, tmp_path: Path) -> None:
    files = {
        f"calfw/{folder}/{name}_{number:04d}.jpg": picture(person, number)
        for folder in ("aligned images", "images&landmarks/images&landmarks/images")
        for person, name in enumerate(PEOPLE[:2])
        for number in (1, 2)
    }
    files["calfw/images&landmarks/images&landmarks/CA_landmarks/Ann_Able_0001_5loc_attri.txt"] = b"1 2"
    pairs = [("Ann_Able_0001", "Ann_Able_0002", 1), ("Ann_Able_0001", "Bob_Baker_0001", 0)]
    pairs += [("Bob_Baker_0001", "Bob_Baker_0002", 2), ("Ann_Able_0002", "Bob_Baker_0002", 0)]
    lines = [f"{name}.jpg {kind}\n" for *both, kind in pairs for name in both]
    files["calfw/pairs_CALFW.txt"] = "".join(lines).encode()
    manifest = prepare("calfw", write_zip(tmp_path / "calfw.zip", files))
    assert paths(manifest)[0] == "faces/Ann_Able/Ann_Able_0001.png"
    assert Counter(row.identity for row in manifest.photographs) == {"Ann_Able": 2, "Bob_Baker": 2}
    facts = verified(manifest.root / "manifest.csv", manifest.root / "lists" / "pairs_CALFW.txt", tmp_path / "pairs")
    assert facts["results"][0]["accuracy"] == 100
    unused = (manifest.root / "unused.csv").read_text().splitlines()[1:]
    assert sum(line.startswith("calfw/aligned images/") for line in unused) == 4
    assert len(unused) == 5
    assert evaluated(manifest.root / "manifest.csv", tmp_path / "out")["data"]["photographs"] == 4


def test_agedb_reads_the_name_from_the_file(prepare: Prepare, tmp_path: Path) -> None:
    files = {
        "AgeDB/0_MariaCallas_35_f.jpg": picture(0, 1),
        "AgeDB/1_MariaCallas_40_f.jpg": picture(0, 2),
        "AgeDB/10000_GlennClose_62_f.jpg": picture(1, 1),
        "AgeDB/README.txt": b"",
    }
    manifest = prepare("agedb", write_tree(tmp_path / "AgeDB", files))
    assert Counter(row.identity for row in manifest.photographs) == {"MariaCallas": 2, "GlennClose": 1}
    assert evaluated(manifest.root / "manifest.csv", tmp_path / "out")["data"]["photographs"] == 3


def test_cfp_looks_for_profiles_among_frontal_faces(prepare: Prepare, tmp_path: Path) -> None:
    files = {
        f"cfp-dataset/Data/Images/{person + 1:03d}/{view}/{number:02d}.jpg": picture(person, first + number)
        for person in range(2)
        for view, first in (("frontal", 0), ("profile", 2))
        for number in (1, 2)
    }
    files["cfp-dataset/Data/Fiducials/001/frontal/01.txt"] = b"1,2"
    files["cfp-dataset/Data/list_name.txt"] = b"Ann Able\nBob Baker\n"
    for letter, view, numbers in (("F", "frontal", (1, 2)), ("P", "profile", (1, 2))):
        listed = [f"{person + 1:03d}/{view}/{number:02d}.jpg" for person in range(2) for number in numbers]
        lines = [f"{number} ../Data/Images/{path}\n" for number, path in enumerate(listed, start=1)]
        files[f"cfp-dataset/Protocol/Pair_list_{letter}.txt"] = "".join(lines).encode()
    for fold in ("01", "02"):
        files[f"cfp-dataset/Protocol/Split/FP/{fold}/same.txt"] = b"1,1\n3,4\n"
        files[f"cfp-dataset/Protocol/Split/FP/{fold}/diff.txt"] = b"1,3\n4,2\n"
    manifest = prepare("cfp", write_zip(tmp_path / "cfp-dataset.zip", files))
    assert [(row.path, row.is_query, row.is_gallery) for row in manifest.photographs[:4:3]] == [
        ("faces/001/frontal/01.png", False, True),
        ("faces/001/profile/02.png", True, False),
    ]
    assert {row.identity for row in manifest.photographs} == {"001 Ann Able", "002 Bob Baker"}
    facts = verified(manifest.root / "manifest.csv", manifest.root / "lists" / "Split" / "FP", tmp_path / "pairs")
    assert (facts["data"]["pairs"], facts["data"]["folds"], facts["data"]["photographs"]) == (8, 2, 7)
    facts = evaluated(manifest.root / "manifest.csv", tmp_path / "out")
    assert all(row["P@1"] == 100 for row in facts["results"] if row["query"] == "clean" and row["stage"] != "gain")
    facts = evaluated(manifest.root / "frontal.csv", tmp_path / "out frontal")
    assert facts["data"]["photographs"] == 4


def test_talfw_is_looked_for_in_lfw(prepare: Prepare, prepared_lfw: Path, tmp_path: Path) -> None:
    files = {f"TALFW/Ann_Able/Ann_Able_000{number}.jpg": picture(0, number) for number in (1, 2)}
    files["TALFW/Bob_Baker/Bob_Baker_0007.jpg"] = picture(1, 7)
    download = write_tar(tmp_path / "TALFW.tar.gz", files, "w:gz")
    manifest = prepare("talfw", download, options=["--gallery", prepared_lfw / "manifest.csv"])
    queries = [row for row in manifest.photographs if row.is_query]
    assert [(row.path, row.source) for row in queries] == [
        ("faces/Ann_Able/Ann_Able_0001.png", "gallery/faces/Ann_Able/Ann_Able_0001.png"),
        ("faces/Ann_Able/Ann_Able_0002.png", "gallery/faces/Ann_Able/Ann_Able_0002.png"),
        ("faces/Bob_Baker/Bob_Baker_0007.png", "faces/Bob_Baker/Bob_Baker_0007.png"),  # LFW has no such photograph
    ]
    assert sum(row.is_gallery for row in manifest.photographs) == 5
    facts = evaluated(manifest.root / "manifest.csv", tmp_path / "out")
    assert facts["results"][0]["queries"] == 3


def test_mlfw_is_looked_for_in_lfw(prepare: Prepare, prepared_lfw: Path, tmp_path: Path) -> None:
    files = {
        f"mlfw/{folder}/{name}_0001_000{number}.jpg": picture(person, number)
        for folder in ("aligned", "origin")
        for person, name in enumerate(PEOPLE[:2])
        for number in (1, 2)
    }
    same = [f"{name}_0001_0001.jpg\t{name}_0001_0002.jpg\t1\n" for name in PEOPLE[:2]]
    different = [f"Ann_Able_0001_000{number}.jpg\tBob_Baker_0001_000{number}.jpg\t0\n" for number in (1, 2)]
    files["mlfw/pairs.txt"] = "".join(same + different).encode()
    download = write_zip(tmp_path / "MLFW.zip", files)
    manifest = prepare("mlfw", download, options=["--gallery", prepared_lfw / "manifest.csv"])
    queries = [row for row in manifest.photographs if row.is_query]
    assert [row.identity for row in queries] == ["Ann_Able", "Ann_Able", "Bob_Baker", "Bob_Baker"]
    assert all(row.source == row.path for row in queries)
    assert evaluated(manifest.root / "manifest.csv", tmp_path / "out")["results"][0]["queries"] == 4
    facts = verified(manifest.root / "manifest.csv", manifest.root / "lists" / "pairs.txt", tmp_path / "pairs")
    assert facts["data"]["photographs"] == 4
    assert facts["results"][0]["accuracy"] == 100


@pytest.mark.parametrize("packed", [True, False])
def test_casia_as_a_tree_and_as_records(prepare: Prepare, tmp_path: Path, packed: bool) -> None:
    people = {0: 2, 1: 2, 2: 1}
    if packed:
        pack(tmp_path / "faces_webface", (250, 250), people, lambda person, number: picture(person, number))
        download, names = tmp_path / "faces_webface", ["000000", "000001", "000002"]
    else:
        files = {
            f"CASIA-WebFace/{45 + person:07d}/{number:03d}.jpg": picture(person, number)
            for person, photographs in people.items()
            for number in range(1, photographs + 1)
        }
        download, names = write_zip(tmp_path / "CASIA-WebFace.zip", files), ["0000045", "0000046", "0000047"]
    manifest = prepare("casia", download)
    assert Counter(row.identity for row in manifest.photographs) == dict(zip(names, (2, 2, 1), strict=True))
    assert {row.split for row in manifest.photographs} == {"train"}
    facts = evaluated(manifest.root / "manifest.csv", tmp_path / "out")
    assert facts["data"]["photographs"] == 5
    assert all(row["P@1"] == 100 for row in facts["results"] if row["query"] == "clean" and row["stage"] != "gain")


@pytest.mark.parametrize("around", ["", "download/people/"])
def test_a_folder_a_person_in_an_archive_or_not(prepare: Prepare, tmp_path: Path, around: str) -> None:
    files = {
        f"{around}Zoë Å/1.JPG": picture(0, 1),
        f"{around}Zoë Å/deeper/1.jpg": picture(0, 2),
        f"{around}Bob/1.jpg": picture(1, 1),
        f"{around}Bob/1.png": picture(1, 2),
    }
    hidden = {"__MACOSX/download/people/Bob/._1.jpg": b"", f"{around}Bob/.DS_Store": b""}
    write = write_zip if around else write_tree
    manifest = prepare("folder", write(tmp_path / "people.zip", files | hidden))
    assert [(row.path, row.identity) for row in manifest.photographs] == [
        ("faces/Bob/1.jpg.png", "Bob"),
        ("faces/Bob/1.png.png", "Bob"),
        ("faces/Zoë Å/1.png", "Zoë Å"),
        ("faces/Zoë Å/deeper/1.png", "Zoë Å"),
    ]


def test_people_of_another_set_are_named(prepare: Prepare, prepared_lfw: Path, tmp_path: Path) -> None:
    files = {"AgeDB/0_AnnAble_35_f.jpg": picture(0, 3), "AgeDB/1_GlennClose_62_f.jpg": picture(4, 1)}
    other = prepared_lfw / "manifest.csv"
    manifest = prepare("agedb", write_tree(tmp_path / "AgeDB", files), options=["--against", other])
    report = json.loads((manifest.root / "report.json").read_text())
    assert report["people also in"] == {str(other): ["AnnAble"]}


def test_what_gives_no_face_is_listed_and_duplicates_are_reported(prepare: Prepare, tmp_path: Path) -> None:
    files = lfw_files()
    same, lighter = picture(0, 1), picture(0, 1)[:-2] + b"\x00\xff\xd9"
    grey = Image.new("RGB", (250, 250), "grey")
    grey.save(tmp_path / "grey.png")
    files |= {
        "lfw-deepfunneled/Bob_Baker/Bob_Baker_0003.jpg": same,
        "lfw-deepfunneled/Bob_Baker/Bob_Baker_0004.jpg": lighter,
        "lfw-deepfunneled/Bob_Baker/Bob_Baker_0005.jpg": same[:2000],
        "lfw-deepfunneled/Bob_Baker/Bob_Baker_0006.jpg": b"",
        "lfw-deepfunneled/Bob_Baker/Bob_Baker_0007.jpg": (tmp_path / "grey.png").read_bytes(),
        "lfw-deepfunneled/Bob_Baker/holiday.jpg": same,
    }
    manifest = prepare("lfw", write_tar(tmp_path / "lfw.tar", files))
    assert len(manifest) == 7
    unused = [line.split(",")[:2] for line in (manifest.root / "unused.csv").read_text().splitlines()[1:]]
    assert unused == [
        ["lfw-deepfunneled/Bob_Baker/Bob_Baker_0005.jpg", "unreadable"],
        ["lfw-deepfunneled/Bob_Baker/Bob_Baker_0006.jpg", "unreadable"],
        ["lfw-deepfunneled/Bob_Baker/Bob_Baker_0007.jpg", "no face found"],
        ["lfw-deepfunneled/Bob_Baker/holiday.jpg", "not used"],
    ]
    duplicates = (manifest.root / "duplicates.csv").read_text().splitlines()[1:]
    assert "Ann_Able/Ann_Able_0001,Bob_Baker/Bob_Baker_0003,same file,Ann_Able,Bob_Baker" in duplicates
    assert "Ann_Able/Ann_Able_0001,Bob_Baker/Bob_Baker_0004,0,Ann_Able,Bob_Baker" in duplicates
