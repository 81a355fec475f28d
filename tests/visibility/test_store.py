"""A calibration as a file: given back as it was; changed ones and other networks' are refused in a sentence."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from fdemd.backbones import Backbone
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.settings.ranking import EmdRerank
from fdemd.visibility import store
from fdemd.visibility.calibration import Calibration
from fdemd.visibility.store import SHIPPED, content_of, find_calibration, read_calibration, write_calibration
from tests.visibility.made_features import MeanNet, made_calibration


@pytest.fixture
def made() -> Calibration:
    return made_calibration(MeanNet())


@pytest.fixture
def file(made: Calibration, tmp_path: Path) -> Path:
    write_calibration(made, tmp_path / "made.safetensors")
    return tmp_path / "made.safetensors"


def test_a_file_gives_the_same_calibration_back(made: Calibration, file: Path) -> None:
    back = read_calibration(file)
    faces: Features = MeanNet()(torch.rand(9, 3, 8, 8))
    assert torch.equal(back.alphas_of(faces), made.alphas_of(faces))
    assert torch.equal(back.estimator(faces).visible, made.estimator(faces).visible)
    assert (back.network, back.second_stage, back.facts) == (made.network, made.second_stage, made.facts)
    assert content_of(back) == file.read_bytes()
    assert back.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_it_is_found_for_its_network_and_second_stage(made: Calibration, file: Path) -> None:
    found = find_calibration("copies", str(file), MeanNet(), made.second_stage)
    assert torch.equal(found.alphas, made.alphas)


def test_another_network_is_refused(made: Calibration, file: Path) -> None:
    with pytest.raises(
        InputError, match=r"made\.safetensors is of the network made with other weights.*fdemd calibrate"
    ):
        find_calibration("copies", str(file), MeanNet(seed=1), made.second_stage)
    other = MeanNet()
    other.alignment = "insightface"
    with pytest.raises(InputError, match="other weights or another alignment"):
        find_calibration("copies", str(file), other, made.second_stage)


def test_another_second_stage_is_refused_by_what_differs(made: Calibration, file: Path) -> None:
    with pytest.raises(InputError, match="with weighting=apc, and this one has weighting=sc;"):
        find_calibration("copies", str(file), MeanNet(), {**made.second_stage, "weighting": "sc"})


def test_a_network_without_a_calibration_is_told_the_command(made: Calibration) -> None:
    with pytest.raises(InputError, match="none for this network came with fdemd; make one with: fdemd calibrate"):
        find_calibration("rerank.alpha=calibrated", None, MeanNet(), made.second_stage)


def test_what_comes_with_fdemd_is_found_by_the_weights(
    made: Calibration, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SHIPPED", file.parent)
    found = find_calibration("rerank.alpha=calibrated", None, MeanNet(), made.second_stage)
    assert torch.equal(found.alphas, made.alphas)


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.safetensors")), ids=lambda file: file.stem)
def test_what_comes_with_fdemd_is_whole_small_and_for_the_usual_second_stage(file: Path) -> None:
    found = read_calibration(file)
    assert found.network["name"] == file.stem
    assert file.stat().st_size < 1_000_000
    assert found.second_stage == EmdRerank().compared_by
    gains_on_clean_faces = file.stem in ("facenet", "mobilefacenet")
    assert found.by_condition["clean"] == (0.2 if gains_on_clean_faces else 0)


def test_the_default_network_has_a_calibration(dlib_net: Backbone) -> None:
    found = find_calibration("rerank.alpha=calibrated", None, dlib_net, EmdRerank().compared_by)
    assert found.by_condition["below"] > 0


def changed(file: Path, tensors: dict[str, torch.Tensor], facts: dict[str, object]) -> None:
    with safe_open(file, "pt") as opened:
        (name,) = opened.metadata()
        old = json.loads(opened.metadata()[name])
    save_file(load_file(file) | tensors, file, {name: json.dumps(old | facts)})


def test_a_changed_file_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    for tensors, facts in (
        ({"alphas": torch.ones(7)}, {}),
        ({}, {"second_stage": {"method": "emd", "weighting": "sc"}}),
        ({"condition.bias": torch.ones(7, dtype=torch.float16)}, {}),
    ):
        file.write_bytes(whole)
        changed(file, tensors, facts)
        with pytest.raises(InputError, match="was damaged or changed after it was made"):
            read_calibration(file)
    file.write_bytes(whole)
    changed(file, {}, {"version": 99})
    with pytest.raises(InputError, match="of another version of fdemd"):
        read_calibration(file)


def test_one_wrong_bit_is_found(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-40] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged or changed|NaN|Inf"):
        read_calibration(file)


def test_files_that_are_no_calibration_are_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(
        InputError, match=r"is no calibration; rerank\.calibration takes a file that fdemd calibrate wrote"
    ):
        read_calibration(tmp_path / "other.safetensors")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(InputError, match="is no calibration"):
        read_calibration(tmp_path / "other.pt")
    with pytest.raises(InputError, match=r"does not exist; give it with rerank\.calibration=FILE"):
        read_calibration(tmp_path / "nothing.safetensors")
