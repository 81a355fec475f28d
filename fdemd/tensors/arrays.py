"""Arrays as people have them (NumPy, PyTorch, nested lists) -> torch tensors, checked.

What the Python interface takes goes through here; what is passed on inside the package is checked by
:mod:`fdemd.tensors.checks` and is a tensor already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.tensors.checks import check

Array: TypeAlias = Tensor | np.ndarray | Sequence[Any]
"""A tensor, a NumPy array, or numbers in (nested) lists."""


def as_tensor(array: object, name: str) -> Tensor:
    """Return an array of numbers as a tensor that shares its memory where it can.

    Args:
        array: A tensor, which is returned as it is; anything else that NumPy can read as an array of numbers.
        name: Name of the argument, for the error.

    Raises:
        InputError: It is not an array of numbers.

    Examples:
        >>> as_tensor([[1.0, 2.0]], "embeddings")
        tensor([[1., 2.]], dtype=torch.float64)
        >>> as_tensor(["Ann"], "embeddings")
        Traceback (most recent call last):
        fdemd.errors.InputError: embeddings is of the type list; it must be a tensor or an array of numbers.
    """
    if isinstance(array, Tensor):
        return array
    refused = InputError(f"{name} is of the type {type(array).__name__}; it must be a tensor or an array of numbers.")
    try:
        numbers = np.asarray(array)
        if numbers.dtype.kind not in "biuf":
            raise refused
        if not numbers.dtype.isnative:
            numbers = numbers.astype(numbers.dtype.newbyteorder("="))
        # Torch reads neither backwards, as a[::-1] is, nor what may not be written to without a warning.
        readable = numbers.flags.writeable and all(stride >= 0 for stride in numbers.strides)
        return torch.from_numpy(numbers if readable else numbers.copy())
    except InputError:
        raise
    except (TypeError, ValueError, RuntimeError):  # rows of unequal length, or numbers that torch does not have
        raise refused from None


def check_arrays(arrays: Mapping[str, tuple[object, str]]) -> list[Tensor]:
    """Check arrays that go together, as :func:`fdemd.tensors.checks.check` does for tensors.

    Args:
        arrays: Name -> array and what it must be, such as ``finite Q D``.

    Returns:
        The arrays as tensors.

    Raises:
        InputError: An array is of another type or shape, or holds a value that cannot be used.

    Examples:
        >>> import numpy as np
        >>> check_arrays({"query": (np.zeros((2, 3)), "real Q D"), "gallery": (np.zeros((5, 4)), "real G D")})
        Traceback (most recent call last):
        fdemd.errors.InputError: query is (2, 3) and gallery is (5, 4); they must be (Q, D) and (G, D).
    """
    tensors = {name: (as_tensor(array, name), wanted) for name, (array, wanted) in arrays.items()}
    try:
        return check(tensors)
    except InputError:
        raise
    except ValueError as error:  # a caller's mistake here, where check alone takes it for one of the program
        raise InputError(str(error)) from None


def numbered(names: Mapping[str, tuple[object, int | None]]) -> list[Tensor]:
    """Return names of people, photographs or the like as whole numbers, equal names in all arrays as equal numbers.

    Args:
        names: Name of the argument -> one-dimensional array or list of names (texts or whole numbers), and how many
            there have to be; None takes any number of them.

    Returns:
        An int64 tensor ``(n,)`` each.

    Raises:
        InputError: There are more or fewer names, some are neither text nor whole numbers, or those of one array are
            texts and those of another numbers, so that none could be equal.

    Examples:
        >>> numbered({"query": (["ann", "bob"], 2), "gallery": (["bob", "bob", "eve"], None)})
        [tensor([0, 1]), tensor([1, 1, 2])]
    """
    numbers: dict[str | int, int] = {}
    found = []
    kinds: dict[str, str] = {}
    for argument, (array, count) in names.items():
        listed = _listed(array, argument)
        if count is not None and len(listed) != count:
            raise InputError(f"{argument} has {len(listed)} names, and there are {count} faces.")
        if len(types := {isinstance(each, str) for each in listed}) == 1:
            kinds["texts" if types.pop() else "numbers"] = argument
        found.append(torch.tensor([numbers.setdefault(each, len(numbers)) for each in listed], dtype=torch.long))
    if len(kinds) > 1:
        raise InputError(
            f"{kinds['numbers']} are numbers and {kinds['texts']} are texts, so that none is the same; give both alike."
        )
    return found


def _listed(array: object, argument: str) -> list[str | int]:
    refused = InputError(f"{argument} must be a list of names, texts or whole numbers, one for each face.")
    if isinstance(array, str):  # which is a list of letters
        raise refused
    try:
        listed = array.tolist() if isinstance(array, Tensor | np.ndarray) else list(array)  # type: ignore[call-overload]
        plain = [each.item() if isinstance(each, np.generic | Tensor) else each for each in listed]
    except (TypeError, ValueError, RuntimeError):  # nothing to iterate over, or tensors without values
        raise refused from None
    names = [each for each in plain if isinstance(each, str | int)]
    if len(names) != len(plain):
        raise refused
    return names
