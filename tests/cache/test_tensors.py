"""Tensors of any shape, stored and read; what is in the way of an entry stays."""

from pathlib import Path

import pytest
import torch

from fdemd.cache.entry_writer import EntryWriter
from fdemd.cache.tensors import read_entry
from tests.cache.made_entries import NAME, files_and_folders, named_like_ours, number_in


@pytest.mark.parametrize("foreign", [named_like_ours, files_and_folders])
def test_what_is_in_the_way_is_told_and_left(tmp_path: Path, caplog: pytest.LogCaptureFixture, foreign) -> None:
    foreign(tmp_path)
    kind = "faces" if foreign is named_like_ours else "kind"
    before = sorted(tmp_path.rglob("*"))
    assert number_in(tmp_path / kind / NAME) is None
    assert f"{tmp_path / kind / NAME} is in the way and was not removed" in caplog.text
    with EntryWriter(tmp_path / kind / NAME, "numbers") as new:
        new.write({"numbers": torch.ones(3)})
        assert new.finish(NAME, {}).tensors["numbers"].sum() == 3, "used all the same"
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "tensor", [torch.zeros(0), torch.zeros(3, 0), torch.tensor(1.5), torch.tensor([[True, False]])]
)
def test_tensors_of_any_shape(tmp_path: Path, tensor: torch.Tensor) -> None:
    with EntryWriter(tmp_path / "kind" / NAME, "numbers") as new:
        new.write({"numbers": tensor})
        new.finish(NAME, {})
    found = read_entry(tmp_path / "kind" / NAME, NAME, "numbers").tensors["numbers"]
    assert torch.equal(found, tensor)
    assert found.dtype == tensor.dtype
