"""The benchmarks set the number of threads of the whole process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    """The command sets the number of threads of the whole process."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def training_words(few_people: Path) -> list[str]:
    """A small network, and five people with four photographs each."""
    network = ["model=timm", "model.name=test_resnet", "model.face_size=[32,32]"]
    return [*network, "data=folder", f"data.root='{few_people}'", "data.batch_size=4", "trainer=cpu"]
