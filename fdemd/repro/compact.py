"""``python -m fdemd.repro.compact``: what compact patches cost in accuracy and gain in bytes and speed, on LFW."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from fdemd.cli.exit_status import exit_status
from fdemd.errors import InputError
from fdemd.repro.lfw_networks import NETWORKS, add_folders, prepare_lfw

NAME = "compact"
KINDS = ("clean", "mask", "sunglass", "crop")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status: 0, 2 after an InputError, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m fdemd.repro.compact",
        description="Re-rank people of LFW with full and with compact patches of several sizes, by maps that are "
        "fitted on other people.",
    )
    add_folders(parser)
    parser.add_argument("--only", metavar="NAME", nargs="+", help="networks, such as dlib, in this order; default: all")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="kinds of query; default: all four")
    parser.add_argument("--every", type=int, default=1, help="each so-manieth query alone (default: 1, all)")
    parser.add_argument("--seconds", type=float, default=10, help="of timing, for each network (default: 10)")
    arguments = parser.parse_args(argv)
    return exit_status(NAME, lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    # torch takes seconds to import; --help is told at once
    from fdemd.files.writing import write_text
    from fdemd.repro.compact_page import compact_page
    from fdemd.repro.compact_run import measure_networks
    from fdemd.runs.files import make_folder, write_json

    if arguments.every < 1:
        raise InputError(f"--every is {arguments.every}; it must be at least 1.")
    by_name = {network.name: network for network in NETWORKS}
    if unknown := [name for name in arguments.only or [] if name not in by_name]:
        raise InputError(f"There is no network {unknown[0]}; the networks are {', '.join(by_name)}.")
    networks = [by_name[name] for name in arguments.only or by_name]
    make_folder(arguments.out, "choose another with --out DIR")
    prepare_lfw(arguments.lfw, arguments.prepared, networks)
    started = time.perf_counter()
    for facts in measure_networks(
        arguments.lfw,
        arguments.prepared,
        arguments.weights,
        networks,
        arguments.kinds,
        every=arguments.every,
        seconds=arguments.seconds,
    ):  # written after each network, so that a run that breaks off leaves what it has
        facts["took"] = round(time.perf_counter() - started, 1)
        write_json(arguments.out / f"{NAME}.json", facts)
        write_text(arguments.out / f"{NAME}.md", compact_page(facts))
    print(f"The figures are in {arguments.out / NAME}.json, as tables in {arguments.out / NAME}.md.")


if __name__ == "__main__":
    sys.exit(main())
