from pathlib import Path

import torch
from PIL import Image

from fdemd.metrics.verification import FoldAccuracy
from fdemd.report.roc import save_roc
from fdemd.scoring.pairs import Verification


def test_a_curve_a_similarity_is_drawn(tmp_path: Path) -> None:
    accuracy = FoldAccuracy(torch.tensor([0.9, 1.0]).double(), torch.zeros(2).double())
    roc = torch.tensor([0.0, 0.5, 1.0]), torch.tensor([0.5, 0.9, 1.0])
    results = [Verification(name, accuracy, (), roc) for name in ("cosine", "0.7 EMD + 0.3 cosine")]
    save_roc(tmp_path / "roc.png", results, "dlib on lfw_pairs", negatives=10)
    with Image.open(tmp_path / "roc.png") as picture:
        assert picture.width > picture.height
