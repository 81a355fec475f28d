"""``python -m fdemd.repro.auto_alpha``: the rule of ``alpha=auto`` from LFW, and how it does on people it never saw."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from fdemd.cli.exit_status import exit_status
from fdemd.files.user_paths import check_folder
from fdemd.repro.lfw_networks import add_folders, prepare_lfw

NAME = "auto_alpha"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status: 0, 2 after an InputError, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m fdemd.repro.auto_alpha",
        description="Fit the rule of rerank.alpha=auto on half of LFW's people and measure it on the others.",
    )
    add_folders(parser)
    arguments = parser.parse_args(argv)
    return exit_status("fit_auto_alpha", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    # torch takes seconds to import; --help is told at once
    from fdemd.files.writing import write_text
    from fdemd.repro.auto_alpha_answers import networks_needed
    from fdemd.repro.auto_alpha_page import auto_alpha_page
    from fdemd.repro.auto_alpha_run import fit_auto_alpha
    from fdemd.runs.files import make_folder, write_json

    out = arguments.out
    make_folder(out, "choose another with --out DIR")
    check_folder(arguments.weights, "The folder of weight files", "give it with --weights DIR")
    prepare_lfw(arguments.lfw, arguments.prepared, networks_needed())
    started = time.perf_counter()
    facts = fit_auto_alpha(arguments.prepared, arguments.weights)
    facts["took"] = round(time.perf_counter() - started, 1)
    write_json(out / f"{NAME}.json", facts)
    write_text(out / f"{NAME}.md", auto_alpha_page(facts))
    print(f"The rule and its figures are in {out / NAME}.json, as tables in {out / NAME}.md.")


if __name__ == "__main__":
    sys.exit(main())
