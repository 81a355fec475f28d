"""Reading a pickle of plain data as data: no class is looked up, nothing is called, whatever the file says.

Only the opcodes (https://docs.python.org/3/library/pickletools.html) of lists, tuples, numbers, strings and bytes are
followed. Names of functions stay names: a *call* in the file becomes a :class:`Call`, for the few that write bytes and
NumPy arrays; any other name is refused. Lists of pictures have few opcodes for their bytes, so that the memory that a
pickle takes is bounded by its length.
"""

from __future__ import annotations

import mmap
import pickletools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fdemd.errors import InputError

Name = tuple[str, str]
"""Module and function."""

_NAMES: frozenset[Name] = frozenset(
    {
        ("_codecs", "encode"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy.core.numeric", "_frombuffer"),
        ("numpy._core.numeric", "_frombuffer"),
    }
)
_VALUES = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = frozenset(
    {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1"}
    | {"UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING", "SHORT_BINSTRING"}
    | {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
)
_ALWAYS_ALLOWED, _BYTES_AN_OPCODE = 10_000, 16
"""A pickle may have the first number of opcodes, and one more for so many bytes; a picture takes 40 of them at most."""
_PYTHON_2_STRINGS = frozenset({"STRING", "BINSTRING", "SHORT_BINSTRING"})


@dataclass
class Call:
    """A function call that the file asks for; it is never made.

    Attributes:
        function: Name of the function.
        arguments: Arguments in the file.
        state: State that the file would give to the result; None if there is none.
    """

    function: Any
    arguments: Any
    state: Any = None


def read_pickle(path: Path) -> Any:
    """Read the data in a pickle of protocol 0 to 5, of Python 2 or 3; Python 2's strings become bytes.

    Raises:
        InputError: The file cannot be read, is no pickle, is cut short or holds anything but plain data.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _Reader().read(content, _ALWAYS_ALLOWED + len(content) // _BYTES_AN_OPCODE)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except _NotPlainError as error:
        raise InputError(f"{path} is refused: {error} Do not load it with anything else.") from None
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError) as error:
        raise InputError(
            f"{path} is not a whole pickle ({error}); it may have been cut short: fetch it again."
        ) from error


class _NotPlainError(Exception):
    """The pickle holds something other than plain data; the message says what."""


class _Reader:
    """The stack machine of the pickle format, without the opcodes that act."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def read(self, content: Any, most_opcodes: int) -> Any:
        for number, (opcode, argument, _) in enumerate(pickletools.genops(content)):
            if opcode.name == "STOP":
                break
            if number >= most_opcodes:
                raise _NotPlainError(f"its {len(content)} bytes have more opcodes than pictures need.")
            self._follow(opcode.name, argument)
        return self.stack.pop()

    def _follow(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _VALUES:
            stack.append(_VALUES[name])
        elif name in _LITERALS:
            # pickletools shows Python 2's strings, which are bytes, as text of the same code points
            stack.append(argument.encode("latin-1") if name in _PYTHON_2_STRINGS else argument)
        elif name == "MARK":
            self.marks.append(len(stack))
        elif name in ("EMPTY_LIST", "EMPTY_TUPLE"):
            stack.append([] if name == "EMPTY_LIST" else ())
        elif name == "LIST":
            stack.append(self._from_mark())
        elif name == "TUPLE":
            stack.append(tuple(self._from_mark()))
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            stack[-count:] = [tuple(stack[-count:])]
        elif name in ("APPEND", "APPENDS"):
            added = [stack.pop()] if name == "APPEND" else self._from_mark()
            stack[-1].extend(added)
        elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memo[len(self.memo) if name == "MEMOIZE" else argument] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        elif name == "GLOBAL":
            stack.append(_allowed(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            function = stack.pop()
            stack.append(_allowed(stack.pop(), function))
        elif name == "REDUCE":
            arguments = stack.pop()
            stack.append(Call(stack.pop(), arguments))
        elif name == "BUILD":
            state = stack.pop()
            stack[-1].state = state
        elif name not in ("PROTO", "FRAME"):
            raise _NotPlainError(f"its pickle uses {name}, which lists of pictures do not need.")

    def _from_mark(self) -> list[Any]:
        """Pop everything since the last mark, and the mark."""
        start = self.marks.pop()
        found = self.stack[start:]
        del self.stack[start:]
        return found


def _allowed(module: str, function: str) -> Name:
    if (module, function) not in _NAMES:
        raise _NotPlainError(f"its pickle asks for {module}.{function}, which could run code.")
    return module, function
