"""A PyTorch checkpoint becomes a safetensors file with the same bits, and a card."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from fdemd.checkpoints import read_card, sha256_of, weights_file
from fdemd.errors import InputError
from fdemd.jobs.checkpoints_command import main
from tests.checkpoints.made_cards import write_card


def test_convert_to_a_full_disk(tmp_path: Path, small_disk: Any, capsys: pytest.CaptureFixture[str]) -> None:
    disk = small_disk(1)
    torch.save({"fc": torch.ones(1 << 20)}, tmp_path / "a.pth")
    assert main(["convert", str(tmp_path / "a.pth"), "--name", "mine", "--out", str(disk)]) == 2
    assert f"the disk is full: {disk}/mine.safetensors cannot be written" in capsys.readouterr().err
    assert list(disk.iterdir()) == []


def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    shared = torch.randn(3, 3)
    return {
        "module.conv.weight": torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
        "half": torch.tensor([1e-7, -0.0, 65504.0], dtype=torch.float16),
        "brain": torch.randn(5).bfloat16(),
        "steps": torch.tensor(7),
        "tied": shared,
        "tied.transposed": shared.T,
    }


def fill_in(card: Path) -> None:
    """Say what the weights may be used for, which is never copied from another card."""
    facts = yaml.safe_load(card.read_text())
    assert facts["licence"] is facts["allowed_use"] is None
    card.write_text(yaml.safe_dump(facts | {"licence": "mine", "allowed_use": "any"}))


def test_convert_keeps_every_bit_and_writes_a_card(tmp_path: Path, run: Any) -> None:
    like, source, out = write_card(tmp_path, lfw_measured=99.2), tmp_path / "a.ckpt", tmp_path / "out"
    torch.save({"state_dict": weights(), "epoch": 3}, source)
    outcome = run("convert", source, "--name", "mine", "--like", "net", "--out", out)
    assert outcome.status == 0
    converted = load_file(out / "mine.safetensors")
    assert converted.keys() == weights().keys()
    for key, tensor in weights().items():
        assert converted[key].dtype == tensor.dtype
        assert converted[key].shape == tensor.shape
        expected = tensor.contiguous().view(-1).view(torch.uint8)
        assert torch.equal(converted[key].view(-1).view(torch.uint8), expected), key
    with pytest.raises(InputError, match=r"mine.yaml: the field licence is not filled in"):
        read_card("mine", out)
    fill_in(out / "mine.yaml")
    card = read_card("mine", out)
    assert weights_file(card) == out / "mine.safetensors"
    for name in ("input_size", "mean", "scale", "alignment", "embedding", "grids"):
        assert card.facts[name] == like.facts[name]
    assert card.facts["lfw_measured"] is None  # measured of other weights
    assert card.facts["source"] == f"converted from a.ckpt, sha256 {sha256_of(source)}"


def test_convert_finds_a_flipped_bit_by_the_card(tmp_path: Path, run: Any) -> None:
    write_card(tmp_path)
    torch.save(weights(), tmp_path / "a.pth")
    run("convert", tmp_path / "a.pth", "--name", "mine", "--like", "net")
    fill_in(tmp_path / "mine.yaml")
    card = read_card("mine", tmp_path)
    content = bytearray(card.fetched.read_bytes())
    content[-3] ^= 1
    card.fetched.write_bytes(content)
    with pytest.raises(InputError, match=r"mine.safetensors is not the file that mine.yaml describes: its sha256 is"):
        weights_file(card)


def test_convert_leaves_unknown_facts_to_be_filled_in(tmp_path: Path, run: Any) -> None:
    torch.save(weights(), tmp_path / "a.pth")
    outcome = run("convert", tmp_path / "a.pth", "--name", "mine")
    assert outcome.status == 0
    assert "Fill in what is null in mine.yaml" in outcome.out
    assert yaml.safe_load((tmp_path / "mine.yaml").read_text())["licence"] is None
    with pytest.raises(InputError, match=r"mine.yaml: the field licence is not filled in"):
        read_card("mine", tmp_path)


def test_convert_overwrites_nothing(tmp_path: Path, run: Any) -> None:
    torch.save(weights(), tmp_path / "a.pth")
    for name in ("mine.safetensors", "mine.yaml"):
        (tmp_path / name).write_text("precious")
        outcome = run("convert", tmp_path / "a.pth", "--name", "mine")
        assert outcome.status == 2
        assert f"{tmp_path}/{name} exists already" in outcome.err
        assert (tmp_path / name).read_text() == "precious"
        (tmp_path / name).unlink()


def test_convert_refuses_bad_files_and_names(tmp_path: Path, run: Any) -> None:
    torch.save({"fc": torch.tensor([float("nan")])}, tmp_path / "a.pth")
    assert "holds NaN in fc" in run("convert", tmp_path / "a.pth", "--name", "mine").err
    assert "is not a name of letters" in run("convert", tmp_path / "a.pth", "--name", "../mine").err
    assert "cannot be read: No such file" in run("convert", tmp_path / "b.pth", "--name", "mine").err
    assert not list(tmp_path.glob("mine*"))
