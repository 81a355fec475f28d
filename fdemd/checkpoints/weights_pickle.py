"""A dry run of the pickle inside a PyTorch file, to find out what reading it would ask for.

``torch.load(weights_only=True)`` runs no code of the file, but it may call a few functions that take memory for the
asking (``torch.FloatTensor(10**12)``, ``bytearray``), a tensor may be far larger than its storage, and a key may be a
tuple of tuples whose hash takes for ever. Here the same instructions are followed with nothing made.
"""

from __future__ import annotations

import pickle
import pickletools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import BinaryIO

from torch._utils import IMPORT_MAPPING, NAME_MAPPING

_INSTRUCTIONS = 2_000_000
"""A network of a thousand tensors, with the state of its optimizer, has about 200,000. A tuple used again counts as all
its values do: a few bytes can make one of 2 ** 30 out of one used twice, again and again, whose hash never ends."""
_NESTED = 100
_SIDES = 64
"""Of a tensor; PyTorch itself computes with no more."""
_EXPANDED = 1 << 24
"""Numbers that tensors may have beyond those of their storages, in all: a buffer may repeat one (``Tensor.expand``)."""
_HARMLESS = frozenset(
    {
        "builtins.complex",
        "builtins.set",
        "collections.Counter",
        "collections.OrderedDict",
        "torch.Size",
        "torch.device",
        "torch.serialization._get_layout",
    }
)
"""Functions and classes whose results are no larger than what they are given."""
_REBUILD = frozenset(f"torch._utils._rebuild_tensor{version}" for version in ("", "_v2", "_v3"))
_REBUILD_TYPE = "torch._tensor._rebuild_from_type_v2"
_PARAMETER = frozenset(
    {
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state",
        "torch.nn.parameter.Parameter",
    }
)
_ENCODE = "_codecs.encode"
_UNUSUAL = frozenset(
    f"torch._utils._rebuild_{kind}"
    for kind in ("sparse_tensor", "nested_tensor", "qtensor", "meta_tensor_no_storage", "wrapper_subclass")
)
"""What PyTorch calls for tensors that are not plain numbers."""


_TAKES_MEMORY = re.compile(
    r"builtins\.bytearray|torch\.(cuda\.)?(sparse\.)?\w*(Tensor|Storage)|torch\.storage\.\w+|torch\._utils\._rebuild_\w+"
)
"""What else PyTorch lets a file call: most of it makes as much of something as it is told to."""
_BYTES = {"Double": 8, "Long": 8, "Float": 4, "Int": 4, "Half": 2, "BFloat16": 2, "Short": 2}
"""Of a number in the storage of this name. Of complex numbers half, of other kinds 1 or less: none is a weight."""


_TUPLES: Mapping[str, int] = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MADE = frozenset({"EMPTY_TUPLE", "EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET"})
_NUMBERS = ("BININT", "BININT1", "BININT2", "BINFLOAT", "LONG1")
_CONSTANTS = frozenset({*_NUMBERS, "NONE", "NEWFALSE", "NEWTRUE", "BINUNICODE", "SHORT_BINSTRING"})


class RefusedError(Exception):
    """The pickle asks for something that no weights need; the message completes ``FILE is refused: ...``."""


@dataclass(frozen=True)
class _Global:
    name: str


@dataclass(frozen=True)
class _Storage:
    numbers: int


@dataclass(frozen=True)
class _Tuple:
    items: tuple[object, ...]
    values: int
    depth: int


_ANYTHING = object()
"""A list, a dictionary, a result: whatever is of no consequence."""
_TENSOR = object()


@dataclass
class DryRun:
    """Follows the pickles of one file, one after the other.

    Attributes:
        room: Number of bytes in the file, which its storages share.
        sizes: Number of bytes that the file has for each storage, by key; None if it does not say.
    """

    room: int
    sizes: Mapping[str, int] | None = None
    _storages: dict[object, int] = field(default_factory=dict)
    _stored: int = 0
    _expanded: int = 0
    _instructions: int = 0

    def follow(self, file: BinaryIO) -> None:
        """Follow one pickle to its end, or to the first instruction that PyTorch does not know and stops at.

        Raises:
            RefusedError: The pickle asks for too much.
            Exception: The pickle is damaged, which can raise anything.
        """
        stack: list[object] = []
        below: list[list[object]] = []
        memo: dict[object, object] = {}
        for instruction, given, _ in pickletools.genops(file):
            name = instruction.name
            self._instructions += 1
            if self._instructions > _INSTRUCTIONS:
                raise RefusedError(f"its pickle has more than {_INSTRUCTIONS:,} instructions")
            if name == "GLOBAL":
                stack.append(_Global(_modern(*given.split(" ", 1))))  # type: ignore[union-attr] # a text
            elif name in _CONSTANTS:
                stack.append(given)
            elif name in _MADE:
                stack.append(_Tuple((), 1, 1) if name == "EMPTY_TUPLE" else _ANYTHING)
            elif name == "MARK":
                below.append(stack)
                stack = []
            elif name in ("TUPLE", "APPENDS", "SETITEMS"):
                items, stack = stack, below.pop()
                if name == "TUPLE":
                    stack.append(_tuple(items))
            elif name in _TUPLES:
                items = [stack.pop() for _ in range(_TUPLES[name])]
                stack.append(_tuple(items[::-1]))
            elif name == "APPEND":
                stack.pop()
            elif name == "BUILD":
                stack.pop()
                if stack[-1] is _TENSOR or isinstance(stack[-1], _Storage):
                    raise RefusedError("it changes a tensor once made, as PyTorch before version 0.4 did")
            elif name == "SETITEM":
                del stack[-2:]
            elif name in ("BINGET", "LONG_BINGET"):
                stack.append(self._again(memo[given]))
            elif name in ("BINPUT", "LONG_BINPUT"):
                memo[given] = stack[-1]
            elif name in ("REDUCE", "NEWOBJ"):
                arguments = stack.pop()
                stack.append(self._called(stack.pop(), arguments))
            elif name == "BINPERSID":
                stack.append(self._storage(stack.pop()))
            elif name != "PROTO":
                return

    def _again(self, item: object) -> object:
        self._instructions += item.values if isinstance(item, _Tuple) else 0
        if self._instructions > _INSTRUCTIONS:
            raise RefusedError("it holds a tuple of tuples without end")
        return item

    def _called(self, function: object, arguments: object) -> object:
        given = arguments.items if isinstance(arguments, _Tuple) else ()
        name = function.name if isinstance(function, _Global) else "something that it made itself"
        if name in _REBUILD:
            self._tensor(given)
            return _TENSOR
        if name in _PARAMETER:
            return _TENSOR
        if name == _REBUILD_TYPE and len(given) > 2:
            return self._called(given[0], given[2])
        if name == _ENCODE and given[1:] != ("latin1",):  # as Python writes bytes; in others they grow, time after time
            raise RefusedError("it encodes a text otherwise than in latin1, which can take any amount of memory")
        if name in _UNUSUAL:
            raise RefusedError("it holds tensors that are not plain numbers: sparse, nested, quantised or empty")
        if name not in _HARMLESS and _TAKES_MEMORY.fullmatch(name):
            raise RefusedError(f"it calls for {name}, which can take any amount of memory")
        return _ANYTHING  # PyTorch refuses every other name

    def _storage(self, identity: object) -> object:
        """Record a storage: ``("storage", class, key, place, numbers, ...)``."""
        if not isinstance(identity, _Tuple):
            return _ANYTHING
        _, kind, key, _, numbers, *view = identity.items
        if not (isinstance(kind, _Global) and isinstance(numbers, int) and numbers >= 0):
            raise pickle.UnpicklingError("a storage of no known type or size")
        size = numbers * _BYTES.get(kind.name.rpartition(".")[2].removesuffix("Storage"), 1)
        if self.sizes is not None and size > (held := self.sizes.get(str(key), 0)):
            raise RefusedError(f"one of its storages should hold {size:,} bytes and has {held:,}")
        self._stored += max(0, size - self._storages.get(key, 0))
        self._storages[key] = max(size, self._storages.get(key, 0))
        if self._stored > self.room:
            raise RefusedError("its storages should be larger than the whole file")
        if view and isinstance(view[0], _Tuple):  # of the old format: (key, offset, numbers)
            numbers = min([numbers, *(number for number in view[0].items[2:] if isinstance(number, int))])
        return _Storage(numbers)

    def _tensor(self, given: tuple[object, ...]) -> None:
        """Check that a tensor lies within its storage: PyTorch would make the storage larger."""
        storage, offset, shape, strides = given[:4]
        if not (isinstance(storage, _Storage) and isinstance(offset, int) and offset >= 0):
            raise pickle.UnpicklingError("a tensor without a storage")
        sides, steps = _integers(shape), _integers(strides)
        numbers = prod(sides)
        last = offset + sum((side - 1) * step for side, step in zip(sides, steps, strict=True))
        if numbers and last >= storage.numbers:
            raise RefusedError(f"a tensor of {'x'.join(map(str, sides))} numbers does not fit its storage")
        if numbers and numbers <= storage.numbers and _overlap(sides, steps):
            raise pickle.UnpicklingError("a tensor whose numbers lie over one another")
        self._expanded += max(0, numbers - storage.numbers)
        if self._expanded > _EXPANDED:
            raise RefusedError(
                f"a tensor of {'x'.join(map(str, sides))} numbers repeats those of a small storage (Tensor.expand); "
                "save it with .contiguous() where that is meant"
            )


def _modern(module: str, name: str) -> str:
    """Return the modern name of a class or function of Python 2, such as ``__builtin__.set``, as PyTorch maps it."""
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return f"{module}.{name}"


def _tuple(items: list[object]) -> _Tuple:
    inner = [item for item in items if isinstance(item, _Tuple)]
    values = 1 + len(items) - len(inner) + sum(item.values for item in inner)
    depth = 1 + max((item.depth for item in inner), default=0)
    if depth > _NESTED:
        raise RefusedError("it holds a tuple of tuples without end")
    return _Tuple(tuple(items), values, depth)


def _overlap(sides: list[int], steps: list[int]) -> bool:
    """Return whether two elements of a tensor share a number of its storage, as after a bit flip in its strides."""
    reach = 0
    for step, side in sorted((step, side) for side, step in zip(sides, steps, strict=True) if side > 1):
        if step <= reach:
            return True
        reach += (side - 1) * step
    return False


def _integers(value: object) -> list[int]:
    if not isinstance(value, _Tuple):
        raise pickle.UnpicklingError("a shape that is no tuple")
    numbers = [number for number in value.items[: _SIDES + 1] if isinstance(number, int) and number >= 0]
    if len(numbers) != len(value.items) or len(numbers) > _SIDES:
        raise pickle.UnpicklingError("a shape that is no tuple of sizes")
    return numbers
