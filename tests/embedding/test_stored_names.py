"""Features and attacked faces that earlier runs stored are found: the names of their entries stay as they are."""

from pathlib import Path

import numpy as np
import torch

from fdemd.attacks.adversary import Adversary
from fdemd.backbones import Backbone
from fdemd.cache.features import FeatureStore
from fdemd.cli.command_line import plan
from fdemd.data.aligned import AlignedFaces, faces_digest
from fdemd.data.dataset import FaceDataset
from fdemd.data.sources import orl_manifest
from fdemd.embedding.batch import DTYPES
from fdemd.embedding.datasets import _keys
from fdemd.embedding.trainer import single_device_trainer
from fdemd.faces.queries import QueryMaker
from fdemd.settings.jobs import Evaluate
from fdemd.settings.queries import ADVERSARIAL

STORED = {
    "clean": "056421724d42506dd351ea72071baff6591f82ecbeabfd8affeba8083b37cc9c",
    "mask": "b940e8e4a6765fcdae4c1b06fb0b944516ddd0dbd127958150e60008b1d8bfb9",
    "sunglass": "5a404a56509575339943236f68e12d82ab9c050a919facb45b385b3c94e37807",
    "crop": "451181fcae4c60cbdff8d75a7e07cbb4d97a69c27ad8beffcc1790b16ffa09e2",
    "rotate": "679cc87995776d064168c3233b388316adb6b2b80aebab7e90cee243f1717210",
}
"""Kind of query -> name of the entry with its features of dlib's network on the AT&T faces."""
ATTACKED = "3a858f43a0610bae37fc0b95ba56e9a5597229deab5210a0e3f5e6db86bd0e46"
"""Name of the entry with the AT&T faces as attacked with the settings of ``configs/query/adversarial.yaml``."""

ORL, ROWS = orl_manifest(), torch.arange(400)


def settings_of(*words: str) -> Evaluate:
    (point,) = plan("evaluate", ["trainer=cpu", *words])
    settings: Evaluate = point.settings
    return settings


def unread_faces(backbone: Backbone) -> AlignedFaces:
    """Faces that are known by their digest alone."""
    nothing = np.empty(0)
    return AlignedFaces(nothing, nothing, (), (), faces_digest(ORL, backbone.alignment, backbone.face_size, "dlib"))


def test_features_of_every_kind_of_query(dlib_net: Backbone) -> None:
    settings, faces = settings_of(), unread_faces(dlib_net)
    sets = {
        kind: FaceDataset(faces, ORL, ROWS, QueryMaker(kind, dlib_net.face_size, settings.seed, section))
        for kind, section in settings.query.items()
    }
    trainer = single_device_trainer(settings.trainer, show_progress=False)
    keys = _keys(dlib_net, sets, trainer, DTYPES[settings.features.dtype])
    store = FeatureStore(Path("cache"), settings.model.plain())
    assert {kind: store.name(key) for kind, key in keys.items()} == STORED


def test_attacked_faces(dlib_net: Backbone) -> None:
    attack = settings_of("query=adversarial").query[ADVERSARIAL]
    adversary = Adversary(dlib_net, attack, seed=0, cache=Path("cache"), device=torch.device("cpu"))
    assert adversary._digest(ORL, unread_faces(dlib_net), ROWS, ROWS) == ATTACKED
