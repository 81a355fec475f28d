"""The first run of a network: how many faces it takes, the shapes that it gives, or why it cannot be run."""

from pathlib import Path

import pytest

from fdemd.backbones.onnx_trial import Trial, TrialError, try_network
from tests.backbones.made_onnx import write_network


def test_shapes_are_those_of_the_first_number_of_faces_that_it_takes(file: Path) -> None:
    write_network(file)
    assert try_network(file.read_bytes(), "faces", (2, 1), (6, 4)) == Trial(2, [(2, 5)])


def test_a_network_for_one_face_at_a_time(file: Path) -> None:
    write_network(file, shape=(1, 3, 6, 4))
    assert try_network(file.read_bytes(), "faces", (2, 1), (6, 4)).count == 1


def test_faces_of_another_size_are_the_error_of_onnxruntime(file: Path) -> None:
    write_network(file)
    with pytest.raises(TrialError):
        try_network(file.read_bytes(), "faces", (1,), (8, 8))
