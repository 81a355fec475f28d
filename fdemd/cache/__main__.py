"""``python -m fdemd.cache``: the size of the cache, and how to empty it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.filesize import decimal

from fdemd.cache.entries import DAY, age, entries, in_use, is_unfinished, remove, size
from fdemd.cache.location import cache_folder
from fdemd.cli.exit_status import exit_status
from fdemd.errors import InputError


def main(argv: Sequence[str] | None = None) -> int:
    """List or clear the cache; return the exit status: 0, 2 after an ``InputError``, 130 after Ctrl-C."""
    arguments = _parser().parse_args(argv)

    def work() -> None:
        cache = cache_folder(arguments.cache)
        if arguments.command == "clear":
            _clear(cache, arguments.older_than)
        else:
            _show(cache)

    return exit_status("cache", work)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fdemd cache",
        description="What runs keep so that it need not be made again: how much, and where.",
    )
    parser.add_argument("--cache", metavar="DIR", help="default: $FDEMD_CACHE, $XDG_CACHE_HOME/fdemd or ~/.cache/fdemd")
    commands = parser.add_subparsers(dest="command")
    clearing = commands.add_parser("clear", help="remove it, and nothing else; runs that are using it go on")
    clearing.add_argument(
        "--older-than", metavar="DAYS", type=float, default=0.0, help="only what no run has used for so long"
    )
    return parser


def _show(cache: Path) -> None:
    """Print the size of each kind of entry, finished and unfinished."""
    sizes: dict[tuple[Path, str], list[int]] = {}
    for entry in entries(cache):
        sizes.setdefault((entry.parent, _state(entry)), []).append(size(entry))
    for (kind, state), each in sizes.items():
        print(f"{kind}: {decimal(sum(each))} in {len(each)} {'entry' if len(each) == 1 else 'entries'}{state}")
    if not sizes:
        print(f"{cache}: nothing")


def _state(entry: Path) -> str:
    if not is_unfinished(entry):
        return ""
    return ", being made by a running program" if in_use(entry) else ", unfinished, of runs that were broken off"


def _clear(cache: Path, days: float) -> None:
    """Remove the entries that were not used for a number of days, and print how much room that freed.

    Raises:
        InputError: The number is negative, or entries cannot be removed.
    """
    if not days >= 0:
        raise InputError(f"--older-than is {days:g}; it must be a number of days, 0 or more.")
    freed, busy, failed = 0, 0, []
    for entry in entries(cache):
        if age(entry) < days * DAY:
            continue
        bytes_of_entry = size(entry)
        try:
            if remove(entry):
                freed += bytes_of_entry
            else:
                busy += 1
        except OSError as error:
            failed.append(f"{entry} ({error.strerror})")
    print(f"{cache}: {decimal(freed)} removed")
    if busy:
        print(f"{cache}: {busy} left that running programs are making")
    if failed:
        raise InputError(f"{len(failed)} entries cannot be removed; the first is {failed[0]}.")


if __name__ == "__main__":
    sys.exit(main())
