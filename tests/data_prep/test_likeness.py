"""The same people under other names are found by what they look like, in a set as taken or prepared, and told."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from data_prep.centres import Centres, _usable, class_centres
from data_prep.likeness import Comparer, alike
from fdemd.backbones import Backbone
from fdemd.data.manifest import Manifest, read_manifest, write_manifest
from fdemd.data.sources import folder_manifest
from fdemd.errors import InputError
from fdemd.faces.photographs import Preprocessing, extract_face
from fdemd.faces.reading import read_image
from tests.data_prep.conftest import picture, write_tree


def centres(count: int, seed: int) -> Centres:
    directions = normalize(torch.randn(count, 3, generator=torch.Generator().manual_seed(seed)))
    names = tuple(f"{seed}-{number}" for number in range(count))
    return Centres(names, tuple(f"{name}.png" for name in names), directions, 0)


def test_every_pair_from_the_threshold_on_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, others = centres(30, 0), centres(20, 1)
    expected = []
    for a, name in enumerate(ours.people):
        for b, other in enumerate(others.people):
            cosine = float(ours.directions[a] @ others.directions[b])
            if cosine >= 0.7:
                expected.append((name, other, pytest.approx(cosine, abs=1e-6), f"{name}.png", f"{other}.png"))
    found = alike(ours, others, 0.7)
    assert sorted(found) == sorted(expected)
    assert [pair.cosine for pair in found] == sorted((pair.cosine for pair in found), reverse=True)
    monkeypatch.setattr("data_prep.likeness._AT_ONCE", 7)
    assert [pair[:2] for pair in alike(ours, others, 0.7)] == [pair[:2] for pair in found]


@pytest.fixture(scope="module")
def photographs(few_people: Path) -> Manifest:
    """Three people, four photographs each, as taken."""
    everybody = folder_manifest(str(few_people))
    return replace(everybody, photographs=everybody.photographs[:12])


@pytest.mark.parametrize("workers", [1, 2])
def test_a_centre_is_the_mean_direction_of_a_persons_faces(
    photographs: Manifest, dlib_net: Backbone, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FDEMD_CACHE", str(tmp_path))
    monkeypatch.setattr("data_prep.centres._AT_ONCE", 5)
    found = class_centres(photographs, dlib_net, detector="dlib", workers=workers)
    assert found.people == ("s1", "s2", "s3")
    assert found.examples == ("s1/1.pgm", "s2/1.pgm", "s3/1.pgm")
    for person, direction in zip(found.people, found.directions, strict=True):
        of_person = []
        for photograph in photographs.photographs:
            if photograph.identity == person:
                face, _ = extract_face(
                    read_image(photographs.file(photograph)), Preprocessing("dlib", (150, 150), "dlib"), aligned=False
                )
                assert face is not None
                pixels = torch.from_numpy(face.image).permute(2, 0, 1)[None].float() / 255
                with torch.inference_mode():
                    of_person.append(normalize(dlib_net(pixels).embedding)[0])
        torch.testing.assert_close(direction, normalize(torch.stack(of_person).mean(0), dim=0), atol=1e-5, rtol=0)


def test_in_a_container_with_little_shared_memory_fewer_processes_look(
    photographs: Manifest,
    dlib_net: Backbone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = class_centres(photographs, dlib_net, detector="dlib", workers=1)
    monkeypatch.setenv("FDEMD_CACHE", str(tmp_path))
    monkeypatch.setattr("fdemd.data.loading.free_shared_memory", lambda: 3 * 150 * 150 * 12 * 4)
    found = class_centres(photographs, dlib_net, detector="dlib", workers=2)
    assert torch.equal(found.directions, expected.directions)
    assert "Faces are read by no extra processes instead of 2" in caplog.text
    assert caplog.text.rstrip().endswith("--shm-size=1g.")


def test_faces_go_between_processes_as_bytes() -> None:
    rows, faces = _usable([(4, np.full((2, 3, 3), 255, np.uint8)), (5, None), (6, np.zeros((2, 3, 3), np.uint8))])
    assert rows == [4, 6]
    assert (faces.dtype, faces.shape) == (torch.uint8, (2, 3, 2, 3))


def test_what_was_looked_at_is_remembered_until_it_changes(
    photographs: Manifest, dlib_net: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FDEMD_CACHE", str(tmp_path))
    first = class_centres(photographs, dlib_net, detector="dlib", workers=1)
    with monkeypatch.context() as patch:
        patch.setattr("data_prep.centres.read_image", lambda *_: pytest.fail("looked at again"))
        again = class_centres(photographs, dlib_net, detector="dlib", workers=1)
    assert torch.equal(again.directions, first.directions)
    fewer = replace(photographs, photographs=photographs.photographs[1:])
    assert not torch.equal(class_centres(fewer, dlib_net, detector="dlib", workers=1).directions, first.directions)


def test_faces_of_another_template_are_looked_at_where_the_network_expects_them(
    photographs: Manifest, dlib_net: Backbone, tmp_path: Path, data_prep: Callable
) -> None:
    out = tmp_path / "prepared"
    status, printed = data_prep("folder", "--source", photographs.root, "--out", out, "--workers", 1)
    assert status == 0, printed
    prepared = class_centres(read_manifest(out / "manifest.csv"), dlib_net, detector="dlib", workers=1)
    as_taken = class_centres(folder_manifest(str(photographs.root)), dlib_net, detector="dlib", workers=1)
    assert prepared.people == as_taken.people
    cosines = prepared.directions @ as_taken.directions.T
    assert cosines.diag().min() > 0.97
    assert cosines.fill_diagonal_(-1).max() < 0.96


def test_photographs_without_a_face_are_counted(tmp_path: Path, dlib_net: Backbone) -> None:
    files = {"Ann/1.jpg": picture(0, 1), "Ann/2.jpg": b"Dear Sir", "Bob/1.jpg": picture(1, 1), "Cy/1.jpg": b""}
    manifest = folder_manifest(str(write_tree(tmp_path / "people", files)))
    found = class_centres(manifest, dlib_net, detector="dlib", workers=1)
    assert (found.people, found.examples, found.left_out) == (("Ann", "Bob"), ("Ann/1.jpg", "Bob/1.jpg"), 2)


def test_a_set_of_which_nothing_can_be_looked_at_is_named_and_not_remembered(
    tmp_path: Path, data_prep: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FDEMD_CACHE", str(tmp_path / "cache"))
    ours = write_tree(tmp_path / "ours", {f"P{person}/1.jpg": picture(person, 1) for person in range(2)})
    lost = write_tree(tmp_path / "lost", {"Ann/1.jpg": b"Dear Sir", "Bob/1.jpg": b""})
    write_manifest(folder_manifest(str(lost)), lost / "manifest.csv")
    arguments = ["folder", "--source", ours, "--out", tmp_path / "out", "--workers", 1, "--template", "dlib"]
    status, printed = data_prep(*arguments, "--against", lost / "manifest.csv", "--by-embedding")
    assert status == 2
    assert f"none of the 2 photographs of {lost / 'manifest.csv'} can be looked at" in printed
    (lost / "Ann" / "1.jpg").write_bytes(picture(0, 1))
    assert data_prep(*arguments, "--against", lost / "manifest.csv", "--by-embedding")[0] == 0


def test_people_under_other_names_are_found_and_told(tmp_path: Path, data_prep: Callable) -> None:
    """Half of ten people's photographs each; the other set has other names, but for the last."""
    ours = {f"P{person}/{number}.jpg": picture(person, number) for person in range(8) for number in (1, 2)}
    theirs = {f"Q{person}/{number}.jpg": picture(person, number) for person in range(2, 10) for number in (3, 4)}
    theirs = {name.replace("Q7/", "p7/"): content for name, content in theirs.items()}
    other = write_tree(tmp_path / "theirs", theirs)
    write_manifest(folder_manifest(str(other)), other / "manifest.csv")
    arguments = ["folder", "--source", write_tree(tmp_path / "ours", ours), "--out", tmp_path / "out", "--workers", 1]
    against = other / "manifest.csv"
    status, printed = data_prep(*arguments, "--template", "dlib", "--against", against, "--by-embedding")
    assert status == 0, printed
    with (tmp_path / "out" / "alike.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["person"], row["other"]) for row in rows} == {(f"P{n}", f"Q{n}") for n in range(2, 7)} | {("P7", "p7")}
    assert [row["same_name"] for row in rows if row["person"] == "P7"] == ["1"]
    assert all(float(row["cosine"]) >= 0.96 and row["set"] == str(against) for row in rows)
    assert {(row["photograph"], row["other_photograph"]) for row in rows} >= {("faces/P2/1.png", "Q2/3.jpg")}
    facts = json.loads((tmp_path / "out" / "report.json").read_text())["people alike"]
    assert (facts["network"], facts["threshold"]) == ("dlib", 0.96)
    assert facts["in"] == {str(against): {"pairs": 6, "of them of one name": 1, "photographs not looked at": 0}}
    assert f"6 pairs of a person and one of {against} look alike to dlib" in printed


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--by-embedding"], "--by-embedding compares with the sets of --against"),
        (["--threshold", "0.5"], "--threshold is for --by-embedding"),
        (["--against", "M", "--by-embedding", "dlibb"], "did you mean dlib"),
        (["--against", "M", "--by-embedding", "--threshold", "2"], "--threshold is 2.0"),
        (["--against", "M", "--by-embedding", "dlib", "size=3"], "no setting 'size=3'; write KEY=VALUE, the keys are"),
        (["--against", "M", "--by-embedding", "dlib", "checkpoint=/nowhere"], "/nowhere does not exist"),
        (["--against", "M", "--by-embedding", "iresnet", "checkpoint=random"], "was not measured for iresnet"),
    ],
)
def test_mistakes_are_told_before_any_work(
    options: list[str], sentence: str, prepared_lfw: Path, lfw_tar: Path, tmp_path: Path, data_prep: Callable
) -> None:
    given = [prepared_lfw / "manifest.csv" if option == "M" else option for option in options]
    status, printed = data_prep("lfw", "--source", lfw_tar, "--out", tmp_path / "out", *given)
    assert status == 2
    assert sentence in printed
    assert not (tmp_path / "out").exists()


def test_settings_of_the_network_are_those_of_its_config(prepared_lfw: Path) -> None:
    comparer = Comparer(["dlib", "grid=4"], None, "dlib", 1)
    manifest = read_manifest(prepared_lfw / "manifest.csv")
    found = comparer(manifest, {"itself": manifest})
    everybody = {row.identity for row in manifest.photographs}
    assert {(pair.person, pair.other) for pair in found.pairs["itself"]} == {(name, name) for name in everybody}
    assert np.allclose([pair.cosine for pair in found.pairs["itself"]], 1)
    with pytest.raises(InputError, match="grid of the dlib network"):
        Comparer(["dlib", "grid=5"], None, "dlib", 1)
