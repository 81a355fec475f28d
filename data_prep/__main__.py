"""``python -m data_prep NAME --source PATH --out DIR``, and ``KIND`` (of query) and ``verify`` of a manifest."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from fdemd.cli.exit_status import exit_status
from fdemd.errors import InputError
from fdemd.files.text import to_printable
from fdemd.files.user_paths import expand_home
from fdemd.settings.checking import show
from fdemd.settings.faces import DEFAULT_DETECTOR

if TYPE_CHECKING:
    from data_prep.likeness import Comparer
    from fdemd.faces.photographs import Preprocessing


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status: 0, 2 after an ``InputError``, 130 after Ctrl-C."""

    def work() -> None:
        words = sys.argv[1:] if argv is None else argv
        arguments = _parser(words[0] if words else "").parse_args(words)
        arguments.run(arguments)

    return exit_status("data_prep", work, "the same command goes on where it was")


def _parser(chosen: str) -> argparse.ArgumentParser:
    """Return the parser of all commands; of the kinds of query only the chosen one is looked into."""
    from data_prep.query_kinds import REQUIRED, copied_kinds, default_settings
    from data_prep.sets import SETS

    parser = argparse.ArgumentParser(prog="fdemd prepare", description="Data sets: from download to aligned faces.")
    commands = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name in SETS:
        command = commands.add_parser(name, help=f"prepare {name}; see docs/data.md for what to download")
        command.add_argument(
            "--source",
            metavar="PATH",
            type=_path,
            nargs="+",
            required=True,
            help="archives, folders and list files, as downloaded",
        )
        _add_way(command, "insightface")
        command.add_argument(
            "--ray",
            metavar="ADDRESS",
            help="make faces on all machines of this Ray cluster (auto: the one that this machine belongs to), which "
            "reach photographs and --out by the same paths",
        )
        command.add_argument("--gallery", metavar="MANIFEST", type=_path, help="where the people are looked for")
        command.add_argument(
            "--against",
            metavar="MANIFEST",
            type=_path,
            nargs="+",
            default=[],
            help="sets that should have no person in common with this one",
        )
        command.add_argument(
            "--by-embedding",
            metavar="NETWORK",
            nargs="*",
            help="also compare the people of --against by what they look like to a network: dlib (default) or another, "
            "with settings as in configs/model: facenet checkpoint=FILE",
        )
        command.add_argument(
            "--threshold", metavar="COSINE", type=float, help="from which two people are alike; default: the network's"
        )
        command.add_argument("--exclude", metavar="FILE", type=_path, help="people to leave out, one a line")
        command.set_defaults(run=_prepare)
    checking = commands.add_parser("verify", help="check a manifest and its files")
    checking.add_argument("manifest", metavar="MANIFEST", type=_path)
    checking.set_defaults(run=_verify)
    for kind in copied_kinds():
        if kind in commands.choices:  # a plug-in's, called like a set
            continue
        about = f"make the {kind} queries of a manifest ahead, as files"
        command = commands.add_parser(kind, help=about, conflict_handler="resolve")
        command.add_argument("manifest", metavar="MANIFEST", type=_path)
        for name, default in default_settings(kind).items() if kind == chosen else ():
            command.add_argument(
                f"--{name}",  # unless an option below has this name
                f"--{_setting(kind)}{name}",
                dest=f"{_setting(kind)}{name}",
                metavar="VALUE",
                type=_value,
                nargs="+" if isinstance(default, list) else None,
                default=default,
                required=default == REQUIRED,
                help=f"setting of {kind}; default: {show(default)}".replace("%", "%%"),
            )
        _add_way(command, None)
        command.add_argument("--seed", type=int, default=0, help="as in the evaluation; default: 0")
        command.add_argument("--share", type=float, default=1.0, help="of the photographs that get a copy; default: 1")
        command.set_defaults(run=_occlude)
    return parser


def _setting(kind: str) -> str:
    """Return what stands before the name of a setting of a kind of query, as in an evaluation."""
    return f"query.{kind}."


def _value(text: str) -> Any:
    """Return a setting's value as yaml has it: a number, true, text."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _path(text: str) -> Path:
    try:
        return expand_home(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _add_way(command: argparse.ArgumentParser, template: str | None) -> None:
    """Add the options of every command that makes faces; the default template may be that of the manifest."""
    command.add_argument("--out", metavar="DIR", type=_path, required=True, help="folder for faces and manifests")
    default = template or "that of the manifest's faces, or insightface for photographs as taken"
    command.add_argument("--template", default=template, help=f"default: {default}")
    command.add_argument("--size", metavar=("H", "W"), type=int, nargs=2, help="pixels; default: the template's")
    command.add_argument(
        "--detector",
        default=DEFAULT_DETECTOR,
        help=f"yunet, dlib (MTCNN helps out where dlib finds none) or mtcnn; default: {DEFAULT_DETECTOR}",
    )
    command.add_argument("--workers", metavar="N", type=int, help="processes; default: all cores")


def _prepare(arguments: argparse.Namespace) -> None:
    from data_prep.preparation import Request, prepare

    started = time.perf_counter()
    preprocessing = _preprocessing(arguments, arguments.template)
    findings = prepare(
        Request(
            arguments.name,
            tuple(arguments.source),
            arguments.out,
            preprocessing,
            arguments.workers,
            arguments.ray,
            arguments.gallery,
            tuple(arguments.against),
            arguments.exclude,
            _comparer(arguments),
        )
    )
    seconds = time.perf_counter() - started
    print(findings.summary)
    print(f"{findings.made:,} photographs read in {seconds:.1f} s ({findings.made / seconds:.1f} a second).")
    print(to_printable(str(arguments.out / "manifest.csv")))


def _comparer(arguments: argparse.Namespace) -> Comparer | None:
    from data_prep.likeness import Comparer
    from data_prep.networks import DEFAULT

    if arguments.by_embedding is None:
        if arguments.threshold is not None:
            raise InputError("--threshold is for --by-embedding, which is not given.")
        return None
    if not arguments.against:
        raise InputError("--by-embedding compares with the sets of --against; name at least one.")
    words = arguments.by_embedding or [DEFAULT]
    return Comparer(words, arguments.threshold, arguments.detector, _workers_here(arguments))


def _workers_here(arguments: argparse.Namespace) -> int:
    return arguments.workers or os.cpu_count() or 1


def _occlude(arguments: argparse.Namespace) -> None:
    from data_prep.occlude import Request, occlude, template_of

    kind, workers = arguments.name, _workers_here(arguments)
    given, prefix = vars(arguments).items(), _setting(kind)
    settings = {name.removeprefix(prefix): value for name, value in given if name.startswith(prefix)}
    manifest, out = arguments.manifest, arguments.out
    preprocessing = _preprocessing(arguments, arguments.template or template_of(manifest))
    copies = occlude(
        Request(
            manifest,
            out,
            kind,
            settings,
            preprocessing,
            arguments.seed,
            arguments.share,
            0 if workers == 1 else workers,
        )
    )
    without = copies.problems.total()
    print(
        f"{copies.made:,} of {copies.made + without:,} photographs have a copy, {copies.new:,} looked at in this run."
    )
    if without:
        reasons = ", ".join(f"{count:,} {problem}" for problem, count in copies.problems.most_common())
        print(f"{without:,} have none ({reasons}), see {to_printable(str(copies.left_out))}.")
    if copies.lost:
        print(f"{copies.lost:,} originals cannot be read and are left out, see {to_printable(str(copies.left_out))}.")
    print(to_printable(str(copies.manifest)))


def _preprocessing(arguments: argparse.Namespace, template: str) -> Preprocessing:
    from data_prep.faces import check_preprocessing

    if arguments.workers is not None and arguments.workers < 1:
        raise InputError(f"--workers is {arguments.workers}; at least one process must do the work.")
    if arguments.size and min(arguments.size) < 16:
        raise InputError(f"--size is {arguments.size[0]} {arguments.size[1]}; a face needs at least 16x16 pixels.")
    return check_preprocessing(template, tuple(arguments.size) if arguments.size else None, arguments.detector)


def _verify(arguments: argparse.Namespace) -> None:
    from data_prep.verifying import verify

    manifest, problems = verify(arguments.manifest)
    if problems:
        print("\n".join(map(to_printable, problems)))
        raise InputError(f"{arguments.manifest} has {len(problems)} problems; they are listed above.")
    people = len({photograph.identity for photograph in manifest.photographs})
    print(
        f"{to_printable(str(arguments.manifest))}: {len(manifest):,} files of {people:,} people, all as they should be."
    )


if __name__ == "__main__":
    sys.exit(main())
