"""``make results``: RESULTS.md from the whole of LFW, real weights and the commands that it names."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fdemd.cli import CONFIG_DIR, plan
from fdemd.errors import InputError, exit_status
from fdemd.report.files import write_json
from fdemd.report.results_page import results_page
from fdemd.study.running import study

_PROJECTED = "{method: emd, patches: projected, weighting: [norm, apc], alpha: [0.3, 0.7, auto]}"
_RAW = "{method: emd, alpha: [0.3, 0.7, 1.0, auto]}"
_EXPANSION = "{method: query_expansion}"
_RIVALS = "study.methods=[{method: emd, alpha: [0.7, auto]}, {method: k_reciprocal}, {method: query_expansion}]"
_WEIGHTINGS = "weighting: [apc, uniform, sc, sc_sim, lmk], alpha: 0.7"


@dataclass(frozen=True)
class Network:
    """A network of the results: its name in file names, its settings, the template of its faces."""

    name: str
    words: tuple[str, ...]
    template: str
    linear: bool
    """Whether its patches have shares in the embedding."""


NETWORKS = (
    Network("dlib", ("model=dlib",), "dlib", False),
    Network(
        "facenet",
        ("model=facenet", "model.checkpoint={weights}/facenet_20180402-114759_vggface2_fp16.safetensors"),
        "box_160",
        True,
    ),
    Network("w600k_mbf", ("model=onnx", "model.checkpoint={weights}/w600k_mbf.onnx"), "insightface", True),
    Network(
        "mobilefacenet",
        ("model=mobilefacenet", "model.checkpoint={weights}/mobilefacenet_foamliu.pt"),
        "insightface",
        True,
    ),
)


@dataclass(frozen=True)
class Step:
    """One table of the results: the name of its JSON file, its title, and its command with ``{lfw}``, ``{weights}``."""

    name: str
    title: str
    words: tuple[str, ...]

    def filled(self, lfw: str, weights: str) -> list[str]:
        """The words with the folders of the prepared faces and of the weight files."""
        return [word.replace("{lfw}", lfw).replace("{weights}", weights) for word in self.words]


def steps() -> list[Step]:
    """Everything that RESULTS.md shows, in its order."""
    found = []
    for network in NETWORKS:
        methods = [_RAW, *([_PROJECTED] if network.linear else []), _EXPANSION]
        data = ("data=lfw", f"data.manifest={{lfw}}/{network.template}/manifest.csv")
        words = ("experiment=ood", *data, *network.words)
        all_of_them = (*words, f"study.methods=[{', '.join(methods)}]")
        found.append(Step(f"lfw_{network.name}", f"LFW, {network.name}: every kind of query", all_of_them))
        rivals = (*words, "query=[clean,mask,crop]", "protocols=[leave-twin-out]", "study.sample=300", _RIVALS)
        found.append(Step(f"rivals_{network.name}", f"LFW, {network.name}: other re-rankers, 300 queries", rivals))
    for name, grids in (("facenet", "null"), ("mobilefacenet", "null, [4, 4]")):
        network = next(each for each in NETWORKS if each.name == name)
        compared = f"study.methods=[{{method: emd, {_WEIGHTINGS}, grid: [{grids}]}}]"
        data = ("data=lfw", f"data.manifest={{lfw}}/{network.template}/manifest.csv")
        words = ("experiment=ood", *data, *network.words, "query=[clean,crop]", "study.sample=2000", compared)
        found.append(Step(f"table1_{name}", f"Layout of Table 1, {name}: weightings, 2,000 queries", words))
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m fdemd.results", description="Measure all that RESULTS.md shows.")
    parser.add_argument("--lfw", metavar="DIR", type=Path, required=True, help="lfw-deepfunneled.tar (or .tgz)")
    parser.add_argument("--weights", metavar="DIR", type=Path, required=True, help="weight files of the networks")
    parser.add_argument("--prepared", metavar="DIR", type=Path, default=Path("data/lfw"), help="default: data/lfw")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("results"), help="JSON files; default: results")
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
    prepared = _prepared(arguments.lfw, arguments.prepared, wanted)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for number, step in enumerate(wanted, start=1):
        print(f"step {number}/{len(wanted)}: {step.name}", flush=True)
        started = time.perf_counter()
        (point,) = plan("evaluate", step.filled(str(prepared), str(arguments.weights)), CONFIG_DIR)
        folder = study(point.config).folder
        facts = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        facts |= {"title": step.title, "command": _command(step), "took": round(time.perf_counter() - started, 1)}
        write_json(arguments.out / f"{step.name}.json", facts)
    write_page(arguments.out, arguments.page)
    print(f"{arguments.page} shows the figures of {arguments.out}/*.json.")


def write_page(results: Path, page: Path) -> None:
    """Write the page from the JSON files that are there, in the order of the steps, and ``conclusions.md``."""
    files = [results / f"{step.name}.json" for step in steps()]
    found = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file()}
    words = results / "conclusions.md"
    conclusions = words.read_text(encoding="utf-8") if words.is_file() else ""
    page.write_text(results_page(found, conclusions), encoding="utf-8")


def _command(step: Step) -> str:
    words = step.filled("DATA", "WEIGHTS")
    return "python evaluate.py --rerank " + " ".join(f"'{word}'" if " " in word else word for word in words)


def _prepared(lfw: Path, prepared: Path, wanted: Sequence[Step]) -> Path:
    """The folder of the prepared sets, one a template; what is missing is made from the archive."""
    for template in sorted({network.template for network in NETWORKS}):
        out = prepared / template
        needed = any(f"/{template}/" in word for step in wanted for word in step.words)
        if not needed or (out / "manifest.csv").is_file():
            continue
        archives = sorted(lfw.glob("lfw-deepfunneled*")) if lfw.is_dir() else []
        if not archives:
            raise InputError(f"{lfw} has no lfw-deepfunneled.tar or .tgz; give the folder with --lfw DIR.")
        from data_prep.faces import check_way
        from data_prep.preparation import Request, prepare

        way = check_way(template, None, "dlib")
        prepare(Request("lfw", (archives[0],), out, way, os.cpu_count() or 1))
    return prepared


if __name__ == "__main__":
    sys.exit(main())
