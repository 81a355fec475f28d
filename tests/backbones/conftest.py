"""Golden figures of the published networks, and a few people of LFW."""

import io
import json
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import cosine_similarity

from fdemd.backbones.convnet import ConvNet
from fdemd.checkpoints import read_card
from fdemd.features import Features
from tests.conftest import GOLDEN

LFW_MEAN_FACE = (58, 51, 192, 185)
"""Left, top, right and bottom of a square on deep-funneled LFW in which the mean face lies as on ArcFace's template."""
CROPS = {(112, 96): (68, 51, 182, 185)}


@dataclass(frozen=True)
class Golden:
    """What the published implementation gives for a fixed input and weights."""

    shapes: dict[str, list[int]]
    inputs: Tensor
    embedding: Tensor
    patches: Tensor

    def check(self, features: Features) -> None:
        """Fail unless embedding and the first face's patches are the same within 1e-4 of their largest number."""
        for found, expected in ((features.embedding, self.embedding), (features.patches[:1], self.patches)):
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * expected.abs().max().item())


@pytest.fixture
def golden() -> Callable[[str, tuple[int, int, int]], Golden]:
    """Golden figures of a network and its input of shape ``(C, H, W)``."""

    def read(name: str, shape: tuple[int, int, int]) -> Golden:
        outputs = np.load(GOLDEN / f"{name}.npz")
        return Golden(
            json.loads((GOLDEN / f"{name}_state_dict.json").read_text()),
            torch.from_numpy(np.random.RandomState(7).uniform(-1, 1, (2, *shape)).astype(np.float32)),
            torch.from_numpy(outputs["embedding"]),
            torch.from_numpy(outputs["patches"]).flatten(2).mT,
        )

    return read


@pytest.fixture
def fill() -> Callable[[ConvNet], None]:
    """Set every weight as the golden figures' recipe does."""

    def filled(key: str, old: Tensor) -> Tensor:
        x = np.random.RandomState(zlib.crc32(key.encode())).standard_normal(tuple(old.shape)).astype(np.float32)
        if key.endswith("running_var"):
            x = abs(x) * 0.1 + 0.9
        elif key.endswith("running_mean"):
            x = x * 0.05
        elif old.dim() == 1 and key.endswith("weight"):
            x = 1 + 0.05 * x if old.numel() > 1 else np.full_like(x, 0.25)
        elif old.dim() == 1:
            x = x * 0.02
        else:
            x = x * np.float32((2 / prod(old.shape[1:])) ** 0.5 * 0.7)
        return torch.from_numpy(x.astype(np.float32))

    def fill_network(network: ConvNet) -> None:
        weights = {key: value for key, value in network.state_dict().items() if value.is_floating_point()}
        network.load_state_dict({key: filled(key, value) for key, value in weights.items()}, strict=False)

    return fill_network


@pytest.fixture
def on_card() -> Callable[[str, Features], bool]:
    """Whether a model card names the size of the embedding and the patch grid of some features."""

    def check(card: str, features: Features) -> bool:
        facts, sizes = read_card(card).facts, (*features.grid, features.patches.shape[2])
        return features.embedding.shape[1] == facts["embedding"] and "x".join(map(str, sizes)) in facts["grids"]

    return check


@pytest.fixture(scope="session")
def lfw_people(shared: Path) -> list[list[Image.Image]]:
    """Two photographs each of six people."""
    photographs: dict[str, list[Image.Image]] = {}
    with tarfile.open(shared / "data" / "lfw-deepfunneled.tar") as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                person = photographs.setdefault(Path(member.name).parent.name, [])
                person.append(Image.open(io.BytesIO(file.read())))
            people = [person[:2] for person in photographs.values() if len(person) >= 2]
            if len(people) == 6:
                break
    return people


@pytest.fixture
def tells_people_apart(lfw_people: list[list[Image.Image]]) -> Callable[[ConvNet], bool]:
    """Whether each person's two photographs are closer than either is to anybody else's."""

    def check(network: ConvNet) -> bool:
        height, width = network.face_size
        box = CROPS.get(network.face_size, LFW_MEAN_FACE)
        crops = [photo.resize((width, height), box=box) for person in lfw_people for photo in person]
        faces = torch.from_numpy(np.stack([np.asarray(crop) for crop in crops])).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode():
            embedding = network(faces).embedding
        similarity = cosine_similarity(embedding[:, None], embedding, dim=-1)
        person = torch.arange(len(crops)) // 2
        same = person[:, None] == person
        others = similarity.masked_fill(same, -1).amax(1)
        partner = similarity.masked_fill(~same | torch.eye(len(crops), dtype=torch.bool), -1).amax(1)
        return bool((partner > others).all())

    return check


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "network.onnx"
