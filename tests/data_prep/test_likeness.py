"""The same people under other names are found by what they look like, in a set as taken or prepared, and told."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from data_prep.centres import Centres
from data_prep.likeness import Comparer, alike
from fdemd.data.manifest_file import read_manifest, write_manifest
from fdemd.data.sources import folder_manifest
from fdemd.errors import InputError
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
