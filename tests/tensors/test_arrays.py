"""Arrays of every library become tensors, and names numbers."""

from typing import Any

import numpy as np
import pytest
import torch

from fdemd.errors import InputError
from fdemd.tensors.arrays import as_tensor, numbered


def test_an_array_is_read_where_it_lies() -> None:
    array = np.zeros(3, np.float32)
    tensor = as_tensor(array, "array")
    array[1] = 7
    assert tensor.tolist() == [0, 7, 0]


@pytest.mark.parametrize(
    "array", [np.arange(4.0)[::-1], np.arange(4, dtype=">i2"), np.broadcast_to(np.float16(2), (3,))]
)
def test_what_torch_cannot_read_in_place_is_copied(array: np.ndarray) -> None:
    assert as_tensor(array, "array").tolist() == array.tolist()


@pytest.mark.parametrize("wrong", [None, "text", [[1], [1, 2]], np.array(["a"]), np.array([1j]), [object()], {1: 2}])
def test_what_is_no_array_of_numbers_is_told(wrong: Any) -> None:
    with pytest.raises(InputError, match="embeddings is of the type"):
        as_tensor(wrong, "embeddings")


def test_names_are_equal_in_all_lists_whatever_holds_them() -> None:
    expected = [[0, 1, 0], [1, 2]]
    for first, second in (
        (["a", "b", "a"], ("b", "c")),
        (np.array(["a", "b", "a"]), np.array(["b", "c"])),
        (torch.tensor([5, 6, 5]), np.array([6, 7], np.int8)),
    ):
        assert [each.tolist() for each in numbered({"first": (first, 3), "second": (second, None)})] == expected


@pytest.mark.parametrize("wrong", [None, "abc", [1.5], [["a"]], torch.tensor(3), torch.ones(2, device="meta"), [None]])
def test_what_is_no_list_of_names_is_told(wrong: Any) -> None:
    with pytest.raises(InputError, match="people must be a list of names"):
        numbered({"people": (wrong, None)})


def test_the_number_of_names_is_checked() -> None:
    with pytest.raises(InputError, match="people has 2 names, and there are 3 faces"):
        numbered({"people": (["a", "b"], 3)})
