"""``python -m fdemd.repro.visible``: what it gains to tell the transport which patches are covered."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from fdemd.cli.exit_status import exit_status
from fdemd.errors import InputError
from fdemd.files.user_paths import check_folder
from fdemd.repro.lfw_networks import NETWORKS, Network, add_folders, prepare_lfw

NAME = "visible"
MEASURED = ("dlib", "sface", "w600k_mbf")
"""Networks with a calibration that came with fdemd."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status: 0, 2 after an InputError, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog=f"python -m fdemd.repro.{NAME}",
        description="Compare the ways of rerank.visible on the half of LFW's people that calibrations are fitted on, "
        "and judge the chosen one on the others.",
    )
    add_folders(parser)
    parser.add_argument("--only", metavar="NAME", nargs="+", default=MEASURED, help="networks; default: all")
    arguments = parser.parse_args(argv)
    return exit_status(NAME, lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    if unknown := [name for name in arguments.only if name not in MEASURED]:
        raise InputError(f"There is no network {unknown[0]}; the networks are {', '.join(MEASURED)}.")
    check_folder(arguments.weights, "The folder of weight files", "give it with --weights DIR")
    networks = [network for network in NETWORKS if network.name in arguments.only]
    prepare_lfw(arguments.lfw, arguments.prepared, networks)
    # torch takes seconds to import; --help is told at once
    from fdemd.runs.files import make_folder, versions, write_json

    make_folder(arguments.out, "choose another with --out DIR")
    found = [_measured(network, arguments.lfw, arguments.prepared, arguments.weights) for network in networks]
    facts = {
        "written": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": f"python -m fdemd.repro.{NAME} --lfw DIR --weights DIR",
        "versions": versions(),
        "networks": found,
    }
    write_json(arguments.out / f"{NAME}.json", facts)
    print(f"The figures are in {arguments.out / NAME}.json.")


def _measured(network: Network, lfw: Path, prepared: Path, weights: Path) -> dict[str, Any]:
    from fdemd.repro.trust_part import SEED, Part
    from fdemd.repro.trust_sample import FIT, TEST, draw_sample, read_archive, write_samples
    from fdemd.repro.visible_measure import KINDS, compare_ways, judge_chosen
    from fdemd.visibility.store import SHIPPED, read_calibration

    print(network.name, flush=True)
    files = write_samples(prepared / network.template, draw_sample(read_archive(lfw), SEED))
    words = {part: ["data=lfw", f"data.manifest={file}"] for part, file in files.items()}
    fit = Part.of(network, words[FIT], weights, ("clean",))
    test = Part.of(network, words[TEST], weights, KINDS)
    calibration = read_calibration(SHIPPED / f"{network.name}.safetensors")
    return {
        "network": network.name,
        "calibration_sha256": calibration.sha256,
        "chosen on": compare_ways(fit, fit.covered()),
        "judged on": judge_chosen(test, calibration, test.data.faces.cache),
    }


if __name__ == "__main__":
    sys.exit(main())
