"""``python -m fdemd explain A.jpg B.jpg``: the command line of :mod:`fdemd.jobs.explain`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.cli.configs import flatten
from fdemd.cli.exit_status import exit_status
from fdemd.errors import InputError
from fdemd.files.user_paths import check_file
from fdemd.settings.jobs import Evaluate

_SECTIONS = ("model", "rerank")
_USED = ("data.detector", "features.dtype", "seed", "output")
_UNUSED = ("rerank.k", "rerank.engine")
_OWN_PHOTOGRAPHS = ("data=folder", "data.root=.")
"""Two photographs are found and embedded as those of a folder are; there is no folder to read here."""


def main(argv: Sequence[str] | None = None) -> int:
    """Explain one pair.

    Args:
        argv: Words of the command line; None takes those of the program.

    Returns:
        The exit status: 0, 2 after an InputError, 130 after Ctrl-C.
    """
    arguments = _parser().parse_args(argv)

    def work() -> None:
        settings = pair_settings(arguments.settings)
        for photograph in (arguments.query, arguments.gallery):
            check_file(photograph, "The photograph")
        from fdemd.jobs.explain import (
            explain_photographs,
        )  # torch takes seconds to import; --help and mistakes are told at once

        explain_photographs(settings, arguments.query, arguments.gallery, arguments.output or Path(settings.output))

    return exit_status("explain", work)


def pair_settings(overrides: Sequence[str]) -> Evaluate:
    """Return the settings of evaluate.py, changed as on its command line.

    Args:
        overrides: Words ``KEY=VALUE``.

    Raises:
        InputError: A setting is wrong, plays no part for one pair, or has several values.
    """
    points = plan("evaluate", [*_OWN_PHOTOGRAPHS, *overrides], CONFIG_DIR)
    if len(points) > 1:
        raise InputError("explain takes one value of each setting, not several.")
    settings: Evaluate = points[0].settings
    default = dict(flatten(plan("evaluate", _OWN_PHOTOGRAPHS, CONFIG_DIR)[0].settings.plain()))
    for key, value in flatten(settings.plain()):
        used = key in _USED or (key.partition(".")[0] in _SECTIONS and key not in _UNUSED)
        if not used and not isinstance(value, dict) and default.get(key) != value:
            raise InputError(f"{key} plays no part for one pair; leave it out ({', '.join((*_SECTIONS, *_USED))} do).")
    if settings.rerank.method != "emd":
        raise InputError(f"rerank={settings.rerank.method} leaves nothing to explain; leave it out.")
    return settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fdemd explain",
        description="Compare the faces of two photographs and show what each patch adds to their similarity.",
        epilog="example: fdemd explain A.jpg B.jpg model=dlib rerank.weighting=sc rerank.alpha=0.5 data.detector=mtcnn",
    )
    parser.add_argument("query", metavar="A.jpg", type=Path, help="photograph of the query")
    parser.add_argument("gallery", metavar="B.jpg", type=Path, help="photograph it is compared with")
    parser.add_argument(
        "settings", metavar="KEY=VALUE", nargs="*", help="of evaluate.py: model, rerank, data.detector, features.dtype"
    )
    parser.add_argument("--output", metavar="DIR", type=Path, help="files go to a new folder in it (default: outputs)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
