"""Faces as items of batches: bytes from the loader, numbers for the network, landmarks as fractions."""

import numpy as np
import pytest
import torch

from fdemd.data.batch import as_numbers, face_item
from fdemd.faces.alignment import AlignedFace


@pytest.fixture
def face() -> AlignedFace:
    image = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    return AlignedFace(image, np.full((68, 2), (3, 1), np.float32))


def test_an_item_has_colours_first_and_landmarks_as_fractions(face: AlignedFace) -> None:
    item = face_item(face, row=7)
    assert item["face"].dtype == torch.uint8
    assert item["face"].shape == (3, 4, 6)
    assert item["face"][1, 2, 3] == face.image[2, 3, 1]
    assert item["landmarks"][0].tolist() == [0.5, 0.25]
    assert item["row"] == 7


def test_numbers_stay_numbers() -> None:
    bytes_, numbers = torch.tensor([0, 51, 255], dtype=torch.uint8), torch.tensor([0.0, 0.2, 1.0])
    assert torch.equal(as_numbers(bytes_), numbers)
    assert as_numbers(numbers) is numbers
