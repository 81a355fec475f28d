"""``python -m fdemd.repro.gallery``: strangers and people who are known before a gallery of LFW, as tables."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from fdemd.cli.exit_status import exit_status
from fdemd.errors import InputError
from fdemd.files.user_paths import check_folder
from fdemd.repro.lfw_networks import NETWORKS, add_folders, prepare_lfw

NAME = "gallery"
KINDS = ("clean", "mask", "sunglass", "crop")
DEFAULT = ("sface", "w600k_mbf")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status: 0, 2 after an InputError, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m fdemd.repro.gallery",
        description="Enrol a photograph of each person of LFW who has two, and search for all others.",
    )
    add_folders(parser)
    names = ", ".join(DEFAULT)
    parser.add_argument("--only", metavar="NAME", nargs="+", default=list(DEFAULT), help=f"networks; default: {names}")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="kinds of query; default: all")
    parser.add_argument("--most", metavar="N", type=_number, help="photographs that are searched for of each person")
    parser.add_argument("--every", metavar="N", type=_number, default=1, help="search for one in N; default: all")
    arguments = parser.parse_args(argv)
    return exit_status(NAME, lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    # torch takes seconds to import; --help is told at once
    from fdemd.files.writing import write_text
    from fdemd.repro.gallery_page import gallery_page
    from fdemd.repro.gallery_run import DETECTOR, measure_networks
    from fdemd.runs.files import make_folder, write_json

    names = [network.name for network in NETWORKS]
    if unknown := [name for name in arguments.only if name not in names]:
        raise InputError(f"There is no network {unknown[0]}; the networks are {', '.join(names)}.")
    networks = [network for network in NETWORKS if network.name in arguments.only]
    make_folder(arguments.out, "choose another with --out DIR")
    check_folder(arguments.weights, "The folder of weight files", "give it with --weights DIR")
    prepare_lfw(arguments.lfw, arguments.prepared, networks, DETECTOR)
    started = time.perf_counter()
    facts = measure_networks(
        arguments.prepared, arguments.weights, networks, arguments.kinds, arguments.most, arguments.every
    )
    facts["took"] = round(time.perf_counter() - started, 1)
    write_json(arguments.out / f"{NAME}.json", facts)
    write_text(arguments.out / f"{NAME}.md", gallery_page(facts))
    print(f"The figures are in {arguments.out / NAME}.json, as tables in {arguments.out / NAME}.md.")


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
