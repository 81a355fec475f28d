"""The networks and the aligned LFW that the figures of RESULTS.md and the rule of ``alpha=auto`` come from."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fdemd.errors import InputError
from fdemd.files.user_paths import check_folder

_DETECTOR = "dlib"
"""What finds the faces of RESULTS.md."""


@dataclass(frozen=True)
class Network:
    """A network of the results.

    Attributes:
        name: Its name in the names of files.
        words: Words of the command line of ``evaluate.py`` that choose it; ``{weights}`` is the folder of weight files.
        template: Template of its faces.
        linear: Whether its embedding is linear in its patches, so that each patch has a share in it.
    """

    name: str
    words: tuple[str, ...]
    template: str
    linear: bool

    @property
    def lfw(self) -> tuple[str, ...]:
        """Words that choose LFW as this network takes it; ``{lfw}`` is the folder of the prepared faces."""
        return ("data=lfw", f"data.manifest={{lfw}}/{self.template}/manifest.csv")


NETWORKS = (
    Network("dlib", ("model=dlib",), "dlib", False),
    Network("sface", ("model=sface",), "insightface", True),
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


def with_folders(words: Iterable[str], lfw: str, weights: str) -> list[str]:
    """Return words with the folders in place of ``{lfw}`` and ``{weights}``.

    Args:
        words: Words of a command line.
        lfw: Folder of the prepared faces.
        weights: Folder of the weight files.

    Example:
        >>> with_folders(["model.checkpoint={weights}/net.pt"], "data/lfw", "downloads")
        ['model.checkpoint=downloads/net.pt']
    """
    return [word.replace("{lfw}", lfw).replace("{weights}", weights) for word in words]


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where LFW, the weight files and the prepared faces are, and where results go.

    Args:
        parser: Parser of the command line.
    """
    parser.add_argument("--lfw", metavar="DIR", type=Path, required=True, help="lfw-deepfunneled.tar (or .tgz)")
    parser.add_argument("--weights", metavar="DIR", type=Path, required=True, help="weight files of the networks")
    parser.add_argument("--prepared", metavar="DIR", type=Path, default=Path("data/lfw"), help="default: data/lfw")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("results"), help="JSON files; default: results")


def prepared_folder(prepared: Path, template: str, detector: str) -> Path:
    """Return the folder of LFW's faces that were found by a detector and aligned by a template.

    Args:
        prepared: Folder of the aligned sets.
        template: A name in :data:`fdemd.faces.alignment.TEMPLATES`.
        detector: A name in :data:`fdemd.faces.landmarks.DETECTORS`.
    """
    return prepared / (template if detector == _DETECTOR else f"{template}_{detector}")


def prepare_lfw(lfw: Path, prepared: Path, networks: Sequence[Network], detector: str = _DETECTOR) -> None:
    """Align LFW for some networks: a folder a template in ``prepared``, each made from the archive unless it is there.

    Args:
        lfw: Folder with the archive ``lfw-deepfunneled.tar`` or ``.tgz``.
        prepared: Folder of the aligned sets.
        networks: Networks that the faces are for.
        detector: What finds the faces.

    Raises:
        InputError: A set is to be made and there is no archive, or it cannot be used.
    """
    for template in sorted({network.template for network in networks}):
        out = prepared_folder(prepared, template, detector)
        if (out / "manifest.csv").is_file():
            continue
        archives = sorted(check_folder(lfw, "The folder of LFW", "give it with --lfw DIR").glob("lfw-deepfunneled*"))
        if not archives:
            raise InputError(f"{lfw} has no lfw-deepfunneled.tar or .tgz; give the folder with --lfw DIR.")
        from data_prep.faces import check_preprocessing
        from data_prep.preparation import Request, prepare

        preprocessing = check_preprocessing(template, None, detector)
        prepare(Request("lfw", (archives[0],), out, preprocessing, os.cpu_count() or 1))
