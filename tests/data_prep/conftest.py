"""Miniatures of the official archives: real faces of ORL under the names that each set gives its files."""

import csv
import hashlib
import io
import json
import pickle
import shutil
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from PIL import Image

from data_prep.__main__ import main
from fdemd.data.manifest import Manifest
from fdemd.data.manifest_file import read_manifest
from fdemd.data.sources import orl_manifest

Outcome = tuple[int, str]
PEOPLE = ("Ann_Able", "Bob_Baker", "Cy_Cole")


def picture(person: int, number: int) -> bytes:
    """ORL's photograph of a person (from 0) as a JPEG of the shape that LFW has, 250x250."""
    with Image.open(orl_manifest().root / f"s{person + 1}" / f"{number}.pgm") as image:
        canvas = Image.new("L", (250, 250), 90)
        canvas.paste(image.resize((184, 224)), (33, 13))
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=95)
    return file.getvalue()


def digests(folder: Path) -> dict[str, str]:
    """Path -> sha256 of every file below a folder."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def write_pack(path: Path, pairs: int) -> Path:
    """A verification pack, whose faces are aligned already, so that it is prepared in no time; half its pairs same."""
    content = []
    for number in range(2 * pairs):
        with Image.open(orl_manifest().root / f"s{number // 10 + 1}" / f"{number % 10 + 1}.pgm") as image:
            file = io.BytesIO()
            image.convert("RGB").resize((112, 112)).save(file, "JPEG")
        content.append(file.getvalue())
    path.write_bytes(pickle.dumps((content, [number % 2 == 0 for number in range(pairs)])))
    return path


def check_counts(out: Path) -> None:
    """All counts that a preparation tells add up, and are those of the files that it wrote."""
    report = json.loads((out / "report.json").read_text())
    photographs, without = report["photographs"], report["without a face"]
    assert photographs["in the source"] == photographs["found"] + photographs["of excluded people"]
    assert photographs["found"] == report["faces"] + sum(without.values())
    assert photographs["found"] == sum(int(images) * people for images, people in report["images per person"].items())
    with (out / "unused.csv").open(newline="") as file:
        listed = Counter(row["problem"] for row in csv.DictReader(file))
    told = {"not used": sum(report["files not used"].values()), "excluded": photographs["of excluded people"]}
    assert listed == Counter(without | told | {"nobody": report["excluded names that nobody has"]})
    assert sum(path.is_file() for path in (out / "faces").rglob("*.png")) == report["faces"]
    for name, counts in report["manifests"].items():
        with (out / name).open(newline="") as file:
            paths = [row["path"] for row in csv.DictReader(file)]
        assert counts["images"] == len(paths)
        assert name != "manifest.csv" or sum(path.startswith("faces/") for path in paths) == report["faces"]


def write_tar(path: Path, files: Mapping[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tree(path: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def lfw_files(numbers: Iterable[int] = (1, 2)) -> dict[str, bytes]:
    """LFW: ``lfw-deepfunneled/Ann_Able/Ann_Able_0001.jpg``; the last person has one photograph."""
    files = {
        f"lfw-deepfunneled/{name}/{name}_{number:04d}.jpg": picture(person, number)
        for person, name in enumerate(PEOPLE)
        for number in numbers
    }
    files.popitem()
    return files


def many_lfw_files() -> dict[str, bytes]:
    """LFW's names for 90 photographs, more than the processes of a preparation take at once."""
    return {
        f"lfw/{name}/{name}_{copy * 10 + number:04d}.jpg": picture(person, number)
        for person, name in enumerate(PEOPLE)
        for number in range(1, 11)
        for copy in range(3)
    }


@pytest.fixture(scope="session")
def lfw_tar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tar(tmp_path_factory.mktemp("download") / "lfw-deepfunneled.tar", lfw_files())


@pytest.fixture(scope="session")
def prepared_lfw(lfw_tar: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The miniature of LFW, prepared for dlib's network; read only."""
    out = tmp_path_factory.mktemp("prepared")
    assert main(["lfw", "--source", str(lfw_tar), "--out", str(out), "--template", "dlib", "--workers", "1"]) == 0
    return out


@pytest.fixture
def lfw(prepared_lfw: Path, tmp_path: Path) -> Path:
    """A copy of the prepared miniature that a test may spoil."""
    return Path(shutil.copytree(prepared_lfw, tmp_path / "lfw"))


@pytest.fixture
def data_prep(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Runs ``python -m data_prep``; gives the status and what it printed."""

    def call(*arguments: object) -> Outcome:
        status = main([*map(str, arguments)])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return call


@pytest.fixture
def prepare(data_prep: Callable[..., Outcome], tmp_path: Path) -> Callable[..., Manifest]:
    """Prepares a set for dlib's network in this process and verifies it; gives its manifest."""

    def call(name: str, *sources: Path, options: Iterable[object] = ()) -> Manifest:
        out = tmp_path / f"prepared {name}"
        common = ("--out", out, "--template", "dlib", "--workers", 1)
        status, printed = data_prep(name, "--source", *sources, *common, *options)
        assert status == 0, printed
        check_counts(out)
        status, printed = data_prep("verify", out / "manifest.csv")
        assert status == 0, printed
        return read_manifest(out / "manifest.csv")

    return call
