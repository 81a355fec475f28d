"""``python -m fdemd.repro.trust``: the calibrations that come with fdemd, from LFW, and how they do on others."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fdemd.cli.exit_status import exit_status
from fdemd.errors import InputError
from fdemd.files.user_paths import check_folder
from fdemd.repro.lfw_networks import NETWORKS, add_folders, prepare_lfw

NAME = "trust"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status: 0, 2 after an InputError, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m fdemd.repro.trust",
        description="Calibrate each network on half of LFW's people for rerank.alpha=calibrated, and measure it on "
        "people who played no part.",
    )
    add_folders(parser)
    parser.add_argument("--masked", metavar="DIR", type=Path, help="photographs of people who really wear masks")
    parser.add_argument("--only", metavar="NAME", nargs="+", help="networks, such as dlib; default: all")
    parser.add_argument("--keep", action="store_true", help="measure the calibrations that are there, and make none")
    arguments = parser.parse_args(argv)
    return exit_status(NAME, lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    # torch takes seconds to import; --help is told at once
    from fdemd.files.writing import write_text
    from fdemd.repro.trust_page import trust_page
    from fdemd.repro.trust_run import make_calibrations
    from fdemd.runs.files import make_folder, write_json

    out = arguments.out
    names = [network.name for network in NETWORKS]
    if unknown := [name for name in arguments.only or [] if name not in names]:
        raise InputError(f"There is no network {unknown[0]}; the networks are {', '.join(names)}.")
    networks = [network for network in NETWORKS if network.name in (arguments.only or names)]
    make_folder(out, "choose another with --out DIR")
    for folder, what, flag in (
        (arguments.weights, "The folder of weight files", "--weights"),
        (arguments.masked, "The folder of masked faces", "--masked"),
    ):
        if folder is not None:
            check_folder(folder, what, f"give it with {flag} DIR")
    prepare_lfw(arguments.lfw, arguments.prepared, networks)
    started = time.perf_counter()
    facts = make_calibrations(
        arguments.lfw,
        arguments.prepared,
        arguments.weights,
        networks,
        masked=arguments.masked,
        keep=arguments.keep,
    )
    facts["took"] = round(time.perf_counter() - started, 1)
    write_json(out / f"{NAME}.json", facts)
    write_text(out / f"{NAME}.md", trust_page(facts))
    print(f"The figures are in {out / NAME}.json, as tables in {out / NAME}.md.")


if __name__ == "__main__":
    sys.exit(main())
