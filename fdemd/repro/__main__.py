"""``make results``: RESULTS.md from the whole of LFW, real weights and the commands that it names."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.cli.exit_status import exit_status
from fdemd.errors import InputError
from fdemd.files.writing import write_text
from fdemd.jobs.study import study
from fdemd.repro.lfw_networks import NETWORKS, Network, add_folders, prepare_lfw, with_folders
from fdemd.repro.results_page import results_page
from fdemd.runs.files import make_folder, write_json

_PROJECTED = "{method: emd, patches: projected, weighting: [norm, apc], alpha: [0.3, 0.7, auto]}"
_RAW = "{method: emd, alpha: [0.3, 0.7, 1.0, auto]}"
_EXPANSION = "{method: query_expansion}"
_RIVALS = "study.methods=[{method: emd, alpha: [0.7, auto]}, {method: k_reciprocal}, {method: query_expansion}]"
_WEIGHTINGS = "weighting: [apc, uniform, sc, sc_sim, lmk], alpha: 0.7"


@dataclass(frozen=True)
class Step:
    """One table of the results: its JSON file's name, title, network, and command with ``{lfw}``, ``{weights}``."""

    name: str
    title: str
    network: Network
    words: tuple[str, ...]

    def with_folders(self, lfw: str, weights: str) -> list[str]:
        """The words with the folders of the prepared faces and of the weight files."""
        return with_folders(self.words, lfw, weights)


def steps() -> list[Step]:
    """Everything that RESULTS.md shows, in its order."""
    found = []
    for network in NETWORKS:
        methods = [_RAW, *([_PROJECTED] if network.linear else []), _EXPANSION]
        words = ("experiment=ood", *network.lfw, *network.words)
        all_of_them = (*words, f"study.methods=[{', '.join(methods)}]")
        found.append(Step(f"lfw_{network.name}", f"LFW, {network.name}: every kind of query", network, all_of_them))
        rivals = (*words, "query=[clean,mask,crop]", "protocols=[leave-twin-out]", "study.sample=300", _RIVALS)
        found.append(
            Step(f"rivals_{network.name}", f"LFW, {network.name}: other re-rankers, 300 queries", network, rivals)
        )
    for name, grids in (("sface", "null"), ("facenet", "null"), ("mobilefacenet", "null, [4, 4]")):
        network = next(each for each in NETWORKS if each.name == name)
        compared = f"study.methods=[{{method: emd, {_WEIGHTINGS}, grid: [{grids}]}}]"
        words = ("experiment=ood", *network.lfw, *network.words, "query=[clean,crop]", "study.sample=2000", compared)
        found.append(Step(f"table1_{name}", f"Layout of Table 1, {name}: weightings, 2,000 queries", network, words))
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = argparse.ArgumentParser(prog="fdemd results", description="Measure all that RESULTS.md shows.")
    add_folders(parser)
    parser.add_argument("--page", metavar="FILE", type=Path, default=Path("RESULTS.md"), help="default: RESULTS.md")
    parser.add_argument("--only", metavar="NAME", nargs="+", help="steps to run, such as lfw_dlib; default: all")
    arguments = parser.parse_args(argv)
    return exit_status("results", lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> None:
    chosen = steps()
    names = [step.name for step in chosen]
    if unknown := [name for name in arguments.only or [] if name not in names]:
        raise InputError(f"There is no step {unknown[0]}; the steps are {', '.join(names)}.")
    wanted = [step for step in chosen if step.name in (arguments.only or names)]
    make_folder(arguments.out, "choose another with --out DIR")
    prepare_lfw(arguments.lfw, arguments.prepared, [step.network for step in wanted])
    for number, step in enumerate(wanted, start=1):
        print(f"step {number}/{len(wanted)}: {step.name}", flush=True)
        started = time.perf_counter()
        (point,) = plan("evaluate", step.with_folders(str(arguments.prepared), str(arguments.weights)), CONFIG_DIR)
        folder = study(point.settings).folder
        facts = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        facts |= {"title": step.title, "command": _command(step), "took": round(time.perf_counter() - started, 1)}
        write_json(arguments.out / f"{step.name}.json", facts)
    write_page(arguments.out, arguments.page)
    print(f"{arguments.page} shows the figures of {arguments.out}/*.json.")


def write_page(results: Path, page: Path) -> None:
    """Write the page from the JSON files that are there, in the order of the steps, and ``conclusions.md``."""
    names = [step.name for step in steps()]
    found = {
        name: json.loads(file.read_text(encoding="utf-8"))
        for name in [*names, "trust"]
        if (file := results / f"{name}.json").is_file()
    }
    trust = found.pop("trust", None)
    words = results / "conclusions.md"
    conclusions = words.read_text(encoding="utf-8") if words.is_file() else ""
    write_text(page, results_page(found, conclusions, trust))


def _command(step: Step) -> str:
    words = step.with_folders("DATA", "WEIGHTS")
    return "python evaluate.py --rerank " + " ".join(f"'{word}'" if " " in word else word for word in words)


if __name__ == "__main__":
    sys.exit(main())
