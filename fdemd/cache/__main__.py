"""``python -m fdemd.cache``: how much is kept of what can be made again, where, and away with it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.filesize import decimal

from fdemd.cache.entries import DAY, age, default_cache, entries, remove, size
from fdemd.errors import InputError, exit_status


def main(argv: Sequence[str] | None = None) -> int:
    """List or clear; return the exit status: 0, 2 after an InputError, 130 after Ctrl-C."""
    arguments = _parser().parse_args(argv)
    cache = arguments.cache or default_cache()

    def work() -> None:
        if arguments.command == "clear":
            _clear(cache, arguments.older_than)
        else:
            _show(cache)

    return exit_status("cache", work)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fdemd.cache",
        description="What runs keep so that it need not be made again: how much, and where.",
    )
    parser.add_argument("--cache", metavar="DIR", type=Path, help="default: $FDEMD_CACHE or ~/.cache/fdemd")
    commands = parser.add_subparsers(dest="command")
    clearing = commands.add_parser("clear", help="remove it; runs that are using it go on")
    clearing.add_argument(
        "--older-than", metavar="DAYS", type=float, default=0.0, help="only what no run has used for so long"
    )
    return parser


def _show(cache: Path) -> None:
    """Print the size of each kind."""
    sizes: dict[str, list[int]] = {}
    for entry in entries(cache):
        sizes.setdefault(entry.parent.name, []).append(size(entry))
    for kind, each in sizes.items():
        print(f"{cache / kind}: {decimal(sum(each))} in {len(each)} {'entry' if len(each) == 1 else 'entries'}")
    if not sizes:
        print(f"{cache}: nothing")


def _clear(cache: Path, days: float) -> None:
    """Remove entries that were not used for some days, and print how much that was.

    Raises:
        InputError: the days are no such number, or an entry cannot be removed.
    """
    if not days >= 0:
        raise InputError(f"--older-than is {days:g}; it must be a number of days, 0 or more.")
    freed = 0
    for entry in entries(cache):
        if age(entry) >= days * DAY:
            bytes_of_entry = size(entry)
            try:
                remove(entry)
            except OSError as error:
                raise InputError(f"{entry} cannot be removed ({error.strerror}).") from error
            freed += bytes_of_entry
    print(f"{cache}: {decimal(freed)} removed")


if __name__ == "__main__":
    sys.exit(main())
