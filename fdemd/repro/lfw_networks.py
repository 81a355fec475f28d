"""The networks and the aligned LFW that the figures of RESULTS.md and the rule of ``alpha=auto`` come from."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fdemd.errors import InputError
from fdemd.files.user_paths import check_folder


@dataclass(frozen=True)
class Network:
    """A network of the results: its name in file names, its settings, the template of its faces."""

    name: str
    words: tuple[str, ...]
    template: str
    linear: bool
    """Whether its patches have shares in the embedding."""

    @property
    def lfw(self) -> tuple[str, ...]:
        """The words of evaluate.py that choose LFW as this network wants it, with ``{lfw}`` for the prepared faces."""
        return ("data=lfw", f"data.manifest={{lfw}}/{self.template}/manifest.csv")


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


def filled(words: Iterable[str], lfw: str, weights: str) -> list[str]:
    """The words with the folders of the prepared faces and of the weight files."""
    return [word.replace("{lfw}", lfw).replace("{weights}", weights) for word in words]


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Let a command line say where LFW, the weight files and the prepared faces are, and where results go."""
    parser.add_argument("--lfw", metavar="DIR", type=Path, required=True, help="lfw-deepfunneled.tar (or .tgz)")
    parser.add_argument("--weights", metavar="DIR", type=Path, required=True, help="weight files of the networks")
    parser.add_argument("--prepared", metavar="DIR", type=Path, default=Path("data/lfw"), help="default: data/lfw")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("results"), help="JSON files; default: results")


def prepare_lfw(lfw: Path, prepared: Path, networks: Sequence[Network]) -> None:
    """Align LFW for some networks: a folder a template in ``prepared``, each made from the archive unless it is there.

    Args:
        lfw: folder with the archive ``lfw-deepfunneled.tar`` or ``.tgz``.
        prepared: folder of the aligned sets.
        networks: that will look at the faces.

    Raises:
        InputError: a set is to be made and there is no archive, or it cannot be used.
    """
    for template in sorted({network.template for network in networks}):
        out = prepared / template
        if (out / "manifest.csv").is_file():
            continue
        archives = sorted(check_folder(lfw, "The folder of LFW", "give it with --lfw DIR").glob("lfw-deepfunneled*"))
        if not archives:
            raise InputError(f"{lfw} has no lfw-deepfunneled.tar or .tgz; give the folder with --lfw DIR.")
        from data_prep.faces import check_preprocessing
        from data_prep.preparation import Request, prepare

        preprocessing = check_preprocessing(template, None, "dlib")
        prepare(Request("lfw", (archives[0],), out, preprocessing, os.cpu_count() or 1))
