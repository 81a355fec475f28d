"""The console command ``fdemd``, also ``python -m fdemd``: a table of commands, each imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from fdemd.cli.exit_status import exit_status
from fdemd.errors import unknown


@dataclass(frozen=True)
class Command:
    """An entry of the table.

    Attributes:
        function: What runs it, as ``module:function``; takes the arguments and returns the exit status.
        summary: What it does, in a line.
    """

    function: str
    summary: str


COMMANDS = {
    "evaluate": Command("fdemd.jobs.commands:evaluate", "rank a gallery of faces for every query, re-rank, and report"),
    "train": Command("fdemd.jobs.commands:train", "finetune a face network and validate it on people it never saw"),
    "calibrate": Command(
        "fdemd.jobs.commands:calibrate", "learn from a gallery when to trust the second stage: rerank.alpha=calibrated"
    ),
    "prepare": Command("data_prep.__main__:main", "turn a data set as downloaded into a manifest of aligned faces"),
    "explain": Command("fdemd.jobs.explain_command:main", "show why two photographs are similar, or not"),
    "gallery": Command("fdemd.server.command:main", "enrol people, and put a name to a photograph"),
    "cache": Command("fdemd.cache.__main__:main", "list or clear what runs keep so that it need not be made again"),
    "checkpoints": Command(
        "fdemd.jobs.checkpoints_command:main", "list, fetch, verify or convert the weights of networks"
    ),
    "bench": Command("fdemd.bench.__main__:main", "measure speed on this machine"),
    "results": Command("fdemd.repro.__main__:main", "measure all that RESULTS.md shows"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status: 0, 2 after a mistake, 130 after Ctrl-C.

    Args:
        argv: The command and its arguments; None for those of the program.
    """
    name, *arguments = (sys.argv[1:] if argv is None else argv) or ["--help"]

    def work() -> int:
        if name in ("-h", "--help"):
            print(_help())
            return 0
        if name == "--version":
            from fdemd import __version__

            print(f"fdemd {__version__}")
            return 0
        if name not in COMMANDS:
            raise unknown("command", name, COMMANDS)
        module, _, function = COMMANDS[name].function.partition(":")
        return int(getattr(import_module(module), function)(arguments))

    return exit_status("fdemd", work)


def _help() -> str:
    width = max(map(len, COMMANDS))
    return "\n".join(
        [
            "usage: fdemd COMMAND [ARGUMENT ...]",
            "",
            "Face identification that survives occlusion: cosine ranking, then Earth Mover's Distance between patches.",
            "",
            "Commands:",
            *(f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()),
            "",
            "fdemd COMMAND --help tells more; fdemd --version prints the version.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
