"""Benchmark of backbones on the CPU, in faces per second, beside the packages that they were ported from."""

from __future__ import annotations

import argparse
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from torch import nn

from fdemd.backbones import Backbone, create_backbone
from fdemd.backbones.convnet import RANDOM
from fdemd.bench.timing import interleaved
from fdemd.bench.upstream import UPSTREAM
from fdemd.errors import InputError, unknown
from fdemd.runs.files import write_json

MODELS: dict[str, dict[str, Any]] = {
    "dlib": {"backbone": "dlib"},
    "sface": {"backbone": "sface"},
    "arcface": {"backbone": "arcface", "checkpoint": RANDOM},
    "cosface": {"backbone": "cosface", "checkpoint": RANDOM},
    "facenet": {"backbone": "facenet", "checkpoint": RANDOM},
    **{
        f"mobilefacenet-{variant}": {"backbone": "mobilefacenet", "variant": variant, "checkpoint": RANDOM}
        for variant in ("foamliu", "xiaoccer")
    },
    **{f"iresnet{depth}": {"backbone": "iresnet", "depth": depth, "checkpoint": RANDOM} for depth in (18, 34, 50, 100)},
    **{
        f"timm-{name}": {"backbone": "timm", "name": name, "checkpoint": RANDOM}
        for name in ("resnet18", "convnext_tiny", "vit_small_patch16_224", "mobilenetv3_large_100")
    },
    "onnx": {"backbone": "onnx"},
}
"""Name -> settings of the model. Weights do not change the speed, so that none have to be downloaded."""


@dataclass(frozen=True)
class Speed:
    """Median speeds of one model.

    Attributes:
        model: A name in :data:`MODELS`.
        faces: Size of the faces in pixels, ``HEIGHTxWIDTH``.
        patches: Grid as ``ROWSxCOLUMNSxCHANNELS``.
        images_per_second: Speed of fdemd, from RGB in [0, 1] to embedding and patches.
        upstream: Name of the other package; None if there is none.
        upstream_images_per_second: Speed of its own inference of the embedding.
        ratio: Speed of fdemd over that of the other package, the median over neighbouring runs.
        rounds: Number of measurements of each.
    """

    model: str
    faces: str
    patches: str
    images_per_second: float
    upstream: str | None
    upstream_images_per_second: float | None
    ratio: float | None
    rounds: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark to a command line."""
    parser.add_argument("names", metavar="MODEL", nargs="*", help=f"default: all of {', '.join(MODELS)}")
    parser.add_argument("--batch", type=int, default=64, help="faces at a time (default: 64)")
    parser.add_argument("--seconds", type=float, default=10, help="to measure each model for (default: 10)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="default: one a core")
    parser.add_argument("--onnx", metavar="FILE", help="for the model onnx; default: checkpoints/w600k_mbf.onnx")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there as well")


def run(arguments: argparse.Namespace) -> None:
    """Measure, print a table and, if asked to, write the figures.

    Raises:
        InputError: There is no such model, a number is not above 0, or the folder cannot be written.
    """
    for name in arguments.names:
        if name not in MODELS:
            raise unknown("model", name, MODELS)
    for option in ("batch", "seconds", "threads"):
        if getattr(arguments, option) <= 0:
            raise InputError(f"--{option} is {getattr(arguments, option)}; it must be above 0.")
    if arguments.json and not arguments.json.absolute().parent.is_dir():
        raise InputError(f"The folder of --json {arguments.json} does not exist; make it first.")
    torch.set_num_threads(arguments.threads)
    console, speeds, left_out = Console(), [], {}
    for name in arguments.names or MODELS:
        settings = MODELS[name] | ({"checkpoint": arguments.onnx} if name == "onnx" else {})
        try:
            with console.status(f"Measuring {name}"):
                speeds.append(measure(name, settings, batch=arguments.batch, seconds=arguments.seconds))
        except InputError as error:
            left_out[name] = str(error)
    console.print(_table(speeds, f"{arguments.threads} threads, {arguments.batch} faces at a time"))
    for name, reason in left_out.items():
        console.print(f"{name} was left out. {escape(reason)}")
    if arguments.json:
        machine = {"processor": platform.processor() or platform.machine(), "torch": torch.__version__}
        conditions = {"threads": arguments.threads, "batch": arguments.batch, "seconds": arguments.seconds}
        results = [asdict(speed) for speed in speeds]
        write_json(arguments.json, machine | conditions | {"results": results, "left_out": left_out})


def measure(name: str, settings: dict[str, Any], *, batch: int, seconds: float) -> Speed:
    """Measure a model with the settings of its yaml, and its upstream in turn with it.

    Raises:
        InputError: The model cannot be built here.
    """
    torch.manual_seed(0)
    backbone = create_backbone(**settings)
    faces = torch.rand(batch, 3, *backbone.face_size)
    with torch.inference_mode():
        _settle(backbone)
        found = backbone(faces[:1])
        calls = [lambda: backbone(faces)]
        upstream, prepare = UPSTREAM.get(settings["backbone"], (None, None))
        if prepare is not None:
            calls.append(prepare(backbone, faces, settings))
        rounds = interleaved(calls, seconds)
    theirs = median(times[1] for times in rounds) if upstream else None
    return Speed(
        model=name,
        faces="x".join(map(str, backbone.face_size)),
        patches=f"{found.grid[0]}x{found.grid[1]}x{found.patches.shape[2]}",
        images_per_second=batch / median(times[0] for times in rounds),
        upstream=upstream,
        upstream_images_per_second=batch / theirs if theirs else None,
        ratio=median(times[1] / times[0] for times in rounds) if upstream else None,
        rounds=len(rounds),
    )


def _settle(backbone: Backbone) -> None:
    """Set the statistics of untrained batch norms from a few random faces.

    Otherwise activations shrink layer by layer to numbers so small that processors are slow with them.
    """
    norms = [module for module in backbone.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    if backbone.weights_sha256 != RANDOM or not norms:
        return
    for norm in norms:
        norm.momentum = 1.0
    backbone.train()(torch.rand(8, 3, *backbone.face_size))
    backbone.eval()


def _table(speeds: list[Speed], title: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE, show_edge=False, pad_edge=False)
    for column in ("model", "patches"):
        table.add_column(column, no_wrap=True)
    for column in ("img/s", "upstream", "img/s", "ratio"):
        table.add_column(column, justify="right", no_wrap=True)
    for speed in speeds:
        theirs = ["", "", ""]
        if speed.upstream_images_per_second and speed.ratio:
            theirs = [str(speed.upstream), f"{speed.upstream_images_per_second:.1f}", f"{speed.ratio:.2f}"]
        table.add_row(speed.model, speed.patches, f"{speed.images_per_second:.1f}", *theirs)
    return table
