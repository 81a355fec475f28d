"""What a function takes, said in one line an argument and checked before torch or compiled code sees it.

>>> import torch
>>> @checked(hits="bool Q L", relevant="whole Q")
... def found(hits, relevant):
...     return hits.sum(1) / relevant
>>> found(torch.ones(2, 3, dtype=torch.bool), torch.tensor([3, 6], dtype=torch.int32))
tensor([1.0000, 0.5000])
>>> found(torch.ones(2, 3, dtype=torch.bool), torch.tensor([3]))
Traceback (most recent call last):
ValueError: hits is (2, 3) and relevant is (1); they must be (Q, L) and (Q).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from inspect import signature
from typing import NamedTuple, ParamSpec, TypeVar

import torch
from torch import Tensor

from fdemd.errors import InputError

P = ParamSpec("P")
R = TypeVar("R")

_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


class _Kind(NamedTuple):
    """Types that are taken, the one that whole numbers become (None keeps them), and values that are not taken."""

    takes: tuple[torch.dtype, ...]
    whole_become: torch.dtype | None = None
    refuses: Callable[[Tensor], Tensor] | None = None
    refused: str = ""


_KINDS = {
    "bool": _Kind((torch.bool,)),
    "whole": _Kind(_WHOLE, torch.int64),
    "row": _Kind((torch.int64,)),
    "float": _Kind(_FLOATS),
    "float32": _Kind((torch.float32,)),
    "int8": _Kind((torch.int8,)),
    "stored": _Kind((*_FLOATS, torch.int8)),
    "real": _Kind(_FLOATS + _WHOLE),
    "score": _Kind(_FLOATS + _WHOLE, torch.float64, torch.isnan, "no numbers (NaN)"),
    "rank": _Kind(_FLOATS + _WHOLE, torch.float64, lambda values: ~(values < torch.inf), "NaN or infinity"),
    "finite": _Kind(_FLOATS + _WHOLE, torch.float64, lambda values: ~values.isfinite(), "not finite (NaN or infinity)"),
}
"""``float``, ``stored`` (patches) and ``real`` take any values: theirs are checked where they are read anyway. ``rank``
is a score that may be minus infinity, that of nobody."""


def check(tensors: Mapping[str, tuple[object, str]]) -> list[Tensor]:
    """Check tensors that go together, given by their names.

    Args:
        tensors: name -> tensor and what it must be: a kind and sizes, such as ``finite Q D``. Sizes of one letter are
            equal in all; ``...`` stands for any number of leading ones, equal in all.

    Returns:
        The tensors; whole numbers that are wanted as others, which does no harm, as these.

    Raises:
        ValueError: another type or shape, or they do not lie in the memory of one device.
        InputError: a value that cannot be used.
    """
    return _checked({name: (tensor, _parsed(wanted)) for name, (tensor, wanted) in tensors.items()})


def checked(**wanted: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have the arguments of a function checked by :func:`check`; one that is None is left out."""
    parsed = {name: _parsed(text) for name, text in wanted.items()}

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        parameters = signature(function)

        @wraps(function)
        def with_checks(*args: P.args, **kwargs: P.kwargs) -> R:
            given = parameters.bind(*args, **kwargs)
            values = given.arguments
            names = [name for name in parsed if values.get(name) is not None]
            values.update(zip(names, _checked({name: (values[name], parsed[name]) for name in names}), strict=True))
            return function(*given.args, **given.kwargs)

        return with_checks

    return wrap


def check_broadcast(tensors: Mapping[str, Tensor]) -> None:
    """Check that real tensors can be computed with place by place.

    Raises:
        ValueError: another type, or shapes that do not broadcast, or they are not on one device.
    """
    _checked({name: (tensor, _Wanted("real", ("...",))) for name, tensor in tensors.items()}, sizes=False)
    try:
        torch.broadcast_shapes(*(tensor.shape for tensor in tensors.values()))
    except RuntimeError:
        found = " and ".join(f"{name} is {_shape(tensor.shape)}" for name, tensor in tensors.items())
        raise ValueError(f"{found}, which do not go together.") from None


class _Wanted(NamedTuple):
    kind: str
    sizes: tuple[str, ...]


@lru_cache
def _parsed(text: str) -> _Wanted:
    kind, *sizes = text.split()
    return _Wanted(kind, tuple(sizes))


def _checked(tensors: Mapping[str, tuple[object, _Wanted]], *, sizes: bool = True) -> list[Tensor]:
    given = {name: _stored(name, tensor) for name, (tensor, _) in tensors.items()}
    for name, tensor in given.items():
        kind = tensors[name][1].kind
        if tensor.dtype not in _KINDS[kind].takes:
            types = ", ".join(_short(dtype) for dtype in _KINDS[kind].takes)
            raise ValueError(f"{name} is of {_short(tensor.dtype)}; it must be of {types}.")
    if sizes:
        _check_sizes({name: (tensor, tensors[name][1].sizes) for name, tensor in given.items()})
    if len({tensor.device for tensor in given.values()}) > 1:
        places = " and ".join(f"{name} on {tensor.device}" for name, tensor in given.items())
        raise ValueError(f"{places}: they must be on one device.")
    return [_converted(name, tensor, _KINDS[tensors[name][1].kind]) for name, tensor in given.items()]


def _stored(name: str, tensor: object) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise ValueError(f"{name} is of the type {type(tensor).__name__}; it must be a tensor.")
    if tensor.layout != torch.strided or tensor.is_nested or tensor.is_quantized:
        raise ValueError(f"{name} is sparse, nested or quantised; it must be a plain tensor.")
    if tensor.is_meta:
        raise ValueError(f"{name} is on the device meta, where tensors have no values.")
    return tensor


def _check_sizes(tensors: Mapping[str, tuple[Tensor, tuple[str, ...]]]) -> None:
    known: dict[str, object] = {}
    for tensor, sizes in tensors.values():
        leading, rest = (True, sizes[1:]) if sizes[:1] == ("...",) else (False, sizes)
        extra = tensor.dim() - len(rest)
        right = extra >= 0 if leading else extra == 0
        if right and leading:
            right = known.setdefault("...", tensor.shape[:extra]) == tensor.shape[:extra]
        for size, number in zip(rest, tensor.shape[extra:] if right else (), strict=right):
            right &= (int(size) if size.isdigit() else known.setdefault(size, number)) == number
        if not right:
            found = " and ".join(f"{name} is {_shape(each.shape)}" for name, (each, _) in tensors.items())
            wanted = " and ".join(_shape(sizes) for _, sizes in tensors.values())
            raise ValueError(f"{found}; {'they' if len(tensors) > 1 else 'it'} must be {wanted}.")


def _shape(sizes: torch.Size | tuple[str, ...]) -> str:
    return f"({', '.join(map(str, sizes))})"


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _converted(name: str, tensor: Tensor, kind: _Kind) -> Tensor:
    if tensor.dtype in _WHOLE and kind.whole_become is not None:
        # One row of memory that stands for all stays one.
        one = tensor[:1] if tensor.dim() and not tensor.stride(0) else tensor
        return one.to(kind.whole_become).expand_as(tensor)
    if kind.refuses is not None and kind.refuses(tensor.detach()).any():
        raise InputError(f"Some values of {name} are {kind.refused}.")
    return tensor
