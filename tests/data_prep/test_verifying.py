"""``python -m data_prep verify`` finds every kind of fault, and says which file or person it is about."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

ANN = "faces/Ann_Able/Ann_Able_0001.png"
BOB = "faces/Bob_Baker/Bob_Baker_0001.png"


def edit(manifest: Path, path: str, **changes: str) -> None:
    """Change one row."""
    with manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    next(row for row in rows if row["path"] == path).update(changes)
    with manifest.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_a_sound_manifest(lfw: Path, data_prep: Callable) -> None:
    status, printed = data_prep("verify", lfw / "manifest.csv")
    assert status == 0
    assert "5 files of 3 people, all as they should be" in printed


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"source": "faces/nobody.png"}, f"{ANN}: its source faces/nobody.png is not in the manifest."),
        ({"source": BOB}, f"{ANN} shows Ann_Able, but its source {BOB} shows Bob_Baker."),
        ({"split": "train"}, "Ann_Able is in the splits '', 'train'; a person must be in one only."),
        ({"identity": "ann able"}, "The names Ann_Able, ann able differ in spelling only."),
        ({"aligned": "mystery"}, f"{ANN}: there is no template 'mystery'"),
        ({"aligned": "paper_112x96"}, f"{ANN}: 150x150 pixels (height x width) are not of the proportions"),
        ({"is_query": "0", "is_gallery": "0"}, f"{ANN} is neither query nor gallery, and in no split."),
    ],
)
def test_a_wrong_row(lfw: Path, data_prep: Callable, changes: dict[str, str], sentence: str) -> None:
    edit(lfw / "manifest.csv", ANN, **changes)
    status, printed = data_prep("verify", lfw / "manifest.csv")
    assert status == 2
    assert sentence in printed
    assert "Traceback" not in printed


def test_a_copy_of_a_copy_is_no_twin(lfw: Path, data_prep: Callable) -> None:
    second = ANN.replace("0001", "0002")
    edit(lfw / "manifest.csv", ANN, source=second)
    edit(lfw / "manifest.csv", second, source=ANN)
    _, printed = data_prep("verify", lfw / "manifest.csv")
    assert f"{ANN}: its source {second} is no original itself." in printed


def test_wrong_files(lfw: Path, data_prep: Callable) -> None:
    (lfw / ANN).unlink()
    (lfw / BOB).write_bytes((lfw / BOB).read_bytes()[:500])
    Image.new("RGB", (112, 112)).save(lfw / "faces/Cy_Cole/Cy_Cole_0001.png")
    status, printed = data_prep("verify", lfw / "manifest.csv")
    assert status == 2
    assert f"{ANN}: there is no such file." in printed
    assert f"{BOB}: damaged" in printed
    assert "several sizes: 2 of 150x150, 1 of 112x112" in printed
    assert "has 3 problems; they are listed above" in printed


def test_no_manifest(tmp_path: Path, data_prep: Callable) -> None:
    status, printed = data_prep("verify", tmp_path / "manifest.csv")
    assert status == 2
    assert "does not exist" in printed
