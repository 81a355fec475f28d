"""An estimator as a file: given back as it was, with whom it has seen; other files are refused."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from fdemd.errors import InputError
from fdemd.score_normalization.estimator import DiscrepancyNetwork
from fdemd.score_normalization.estimator_file import EstimatorFile, read_estimator


def test_a_file_gives_the_same_estimator_back(tmp_path: Path) -> None:
    network = DiscrepancyNetwork(8, mean=0.25, deviation=0.5).eval()
    faces = torch.randn(4, 8)
    kept = EstimatorFile(network, "fingerprint", frozenset({"Ann", "Émile"}), frozenset({"ab12"}))
    (tmp_path / "one.safetensors").write_bytes(kept.content())
    back = read_estimator(tmp_path / "one.safetensors")
    assert (back.backbone, back.people, back.pictures) == (kept.backbone, kept.people, kept.pictures)
    assert back.sha256 == kept.sha256
    assert torch.equal(back.network(faces), network(faces))


def test_files_that_are_no_estimator_are_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="is no estimator of discrepancies"):
        read_estimator(tmp_path / "other.safetensors")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(InputError, match="is no estimator of discrepancies"):
        read_estimator(tmp_path / "other.pt")
    with pytest.raises(InputError, match="cannot be read"):
        read_estimator(tmp_path / "nothing.safetensors")
