"""Other processes are sent the name of a mapped file, never a part of it, and never that of another file."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from fdemd.cache.entry_writer import EntryWriter
from fdemd.cache.mapped import MappedArray
from fdemd.cache.tensors import read_entry
from tests.cache.made_entries import NAME

ROWS = 1000


def sent(array: np.ndarray) -> np.ndarray:
    return pickle.loads(pickle.dumps(array, protocol=5))


@pytest.fixture(params=["made now", "read"])
def array(tmp_path: Path, request: pytest.FixtureRequest) -> MappedArray:
    with EntryWriter(tmp_path / "kind" / NAME, "numbers") as new:
        new.write({"numbers": torch.arange(float(ROWS)).view(-1, 2)})
        made = new.finish(NAME, {})
    found = made if request.param == "made now" else read_entry(tmp_path / "kind" / NAME, NAME, "numbers")
    return found.array("numbers")


def test_the_file_is_sent_by_its_name(array: MappedArray) -> None:
    assert len(pickle.dumps(array)) < 500 < array.nbytes
    assert np.array_equal(sent(array), array)
    assert len(pickle.dumps(sent(array))) < 500, "and sent on in the same way"
    with pytest.raises(ValueError, match="read-only"):
        sent(array)[0] = 0


@pytest.mark.parametrize("part", [np.s_[3:9], np.s_[:, 0], np.s_[::-1], np.s_[[4, 2]], np.s_[...]])
def test_parts_are_sent_whole(array: MappedArray, part: object) -> None:
    assert np.array_equal(sent(array[part]), array[part])
    assert np.array_equal(sent(array + 1), array + 1)
    assert np.array_equal(sent(array.copy()), array)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_gone_is_sent_as_numbers(array: MappedArray, tmp_path: Path, replaced: bool) -> None:
    expected, file = np.array(array), tmp_path / "kind" / NAME / "numbers"
    file.rename(tmp_path / "moved")  # unlike a removed one's, its number is not given to the next file
    if replaced:
        file.write_bytes(bytes(array.nbytes))
    assert np.array_equal(sent(array), expected)


def test_no_rows(tmp_path: Path) -> None:
    with EntryWriter(tmp_path / "kind" / NAME, "numbers") as new:
        new.write({"numbers": torch.zeros(0, 3)})
        assert sent(new.finish(NAME, {}).array("numbers")).shape == (0, 3)
