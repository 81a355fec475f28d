"""``fdemd gallery``: enrol people and put a name to a photograph, on the command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from fdemd.cli.exit_status import exit_status
from fdemd.errors import InputError
from fdemd.files.user_paths import expand_home

_DEFAULT = "people.db"
_FROM = "FDEMD_GALLERY"


AddCommand = Callable[[str, str], argparse.ArgumentParser]
"""Adds a command, given its name and a summary, with the option that says which gallery it is for."""


def main(argv: Sequence[str] | None = None, more: Sequence[Callable[[AddCommand], None]] = ()) -> int:
    """Run a command; return the exit status: 0, 1 if a check finds something, 2 after a mistake, 130 after Ctrl-C.

    Args:
        argv: The command and its arguments; None for those of the program.
        more: What adds further commands, each with a default ``work`` that runs it.
    """
    arguments, unknown = parser(more).parse_known_args(argv)
    if unknown:  # told with the usage of the command, not of all of them
        arguments.command_parser.error(f"unrecognized arguments: {' '.join(unknown)}")

    def work() -> int:
        if "work" in arguments:
            return int(arguments.work(arguments))
        for path in getattr(arguments, "photographs", ()):
            _check_there(path)
        from fdemd.gallery.commands import (
            COMMANDS,
        )  # torch takes seconds to import; --help and mistakes are told before

        return COMMANDS[arguments.command](arguments)

    return exit_status("gallery", work, "the same command goes on where it was")


def parser(more: Sequence[Callable[[AddCommand], None]] = ()) -> argparse.ArgumentParser:
    """Return what reads the command line, see :func:`main`."""
    whole = argparse.ArgumentParser(
        prog="fdemd gallery",
        description="Enrol people, and put a name to a photograph.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        added.set_defaults(command_parser=added)
        added.add_argument(
            "--gallery",
            metavar="WHERE",
            default=os.environ.get(_FROM, _DEFAULT),
            help=f"file of the gallery, or postgresql://USER:PASSWORD@HOST/DATABASE (default: ${_FROM}, or {_DEFAULT})",
        )
        return added

    _add_enrol(command("enrol", "enrol the people of a folder that holds a folder for each of them"))
    identify = command("identify", "say who is on photographs, every face of them")
    identify.add_argument("photographs", metavar="PHOTO", type=_path, nargs="+")
    _add_rate(identify)
    identify.add_argument(
        "--worn",
        choices=("seen", "clean", "mask", "sunglass", "crop"),
        default="seen",
        help="what the people on them wear, which has a threshold of its own; crop: the faces are cut off (default: "
        "seen, as each face looks)",
    )
    identify.add_argument("--json", action="store_true", help="print JSON, one line a photograph")
    identify.add_argument("--picture", metavar="FILE", type=_path, help="draw boxes and names; for one photograph")
    identify.add_argument(
        "--explain",
        metavar="FILE",
        type=_path,
        help="draw why the first face was taken for its first candidate",
    )
    listing = command("list", "list the people who are enrolled")
    listing.add_argument("--json", action="store_true", help="print JSON, with every photograph and its number")
    remove = command("remove", "remove a person, or one photograph, so that nothing of it is left")
    which = remove.add_mutually_exclusive_group(required=True)
    which.add_argument("person", metavar="NAME", nargs="?")
    which.add_argument("--photograph", metavar="NUMBER", type=int, help="as list --json tells it")
    rename = command("rename", "give a person another name")
    rename.add_argument("person", metavar="NAME")
    rename.add_argument("new", metavar="NEW")
    merge = command("merge", "give all photographs of one person to another, and remove the first")
    merge.add_argument("person", metavar="NAME")
    merge.add_argument("into", metavar="INTO")
    moved = command("re-embed", "move the gallery to another network, from its kept photographs")
    moved.add_argument("--backbone", metavar="NAME", help="network (default: the same)")
    moved.add_argument("--detector", metavar="NAME", help="detector of faces (default: the same)")
    moved.add_argument("--patches", choices=("projected", "raw", "none"), help="patches to keep (default: the same)")
    moved.add_argument("--dtype", choices=("float16", "int8"), help="precision of patches (default: the same)")
    moved.add_argument("--drop-missing", action="store_true", help="remove photographs that cannot be moved")
    command("check", "check that the gallery is whole, and that nothing removed is left; status 1 if not")
    command("export", "write everybody to a new folder").add_argument("folder", metavar="FOLDER", type=_path)
    command("import", "enrol what export wrote").add_argument("folder", metavar="FOLDER", type=_path)
    for add in more:
        add(command)
    return whole


def _add_enrol(enrol: argparse.ArgumentParser) -> None:
    enrol.add_argument(
        "photographs",
        metavar="FOLDER",
        type=_path,
        nargs="+",
        help="a folder with one folder a person; with --person photographs, or folders of photographs, of that person",
    )
    enrol.add_argument("--person", metavar="NAME", help="who is on all of them")
    enrol.add_argument(
        "--face", metavar="NUMBER", type=int, help="which face is theirs, from 0, the most prominent first"
    )
    enrol.add_argument("--force", action="store_true", help="enrol also what the gate refuses, if it shows a face")
    enrol.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="read photographs on all machines of this Ray cluster (auto: the one that this machine belongs to), which "
        "reach them and the gallery by the same paths",
    )
    _add_rate(enrol)
    add_choices_for_new(enrol)


def add_choices_for_new(command: argparse.ArgumentParser) -> None:
    """Add the options that say what a gallery is to be if the command makes it."""
    new = command.add_argument_group("for a new gallery")
    new.add_argument("--backbone", metavar="NAME", help="network (default: sface)")
    new.add_argument("--detector", metavar="NAME", help="detector of faces (default: yunet)")
    new.add_argument("--keep", choices=("path", "bytes", "none"), help="what to keep of photographs (default: path)")
    new.add_argument(
        "--patches", choices=("projected", "raw", "none"), help="patches to keep (default: projected where there are)"
    )
    new.add_argument(
        "--dtype",
        choices=("float16", "int8"),
        help="precision of patches; int8: compact ones of at most 8 KiB a face (default: int8 where all channels fit)",
    )
    new.add_argument(
        "--cohort",
        metavar="FOLDER",
        type=_path,
        help="strangers, a folder each, whom thresholds rest on while few are enrolled (default: the AT&T faces)",
    )


def _add_rate(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--fpir",
        metavar="RATE",
        type=float,
        default=0.01,
        help="share of strangers who may get a name (default: 0.01, 1 in 100)",
    )


_EXAMPLES = """\
examples:
  fdemd gallery enrol colleagues/              a folder a person, in people.db
  fdemd gallery enrol --person "Ann Lee" ann/  her photographs
  fdemd gallery identify visitor.jpg --picture named.png
  fdemd gallery remove "Ann Lee"
"""


def _check_there(path: Path) -> None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{path} does not exist; name a photograph or a folder that is there.") from error
    except OSError:  # whoever reads it tells what is wrong with it
        pass


def _path(text: str) -> Path:
    try:
        return expand_home(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
