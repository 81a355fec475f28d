"""The losses of ``configs/loss`` as typed sections, for the tests of this folder."""

from pathlib import Path
from typing import Any

import yaml

from fdemd.settings.checking import check_settings
from fdemd.settings.section import Section
from fdemd.settings.training import ArcFaceLoss, CosFaceLoss, Loss, SoftmaxLoss

CONFIGS = Path(__file__).parents[2] / "configs" / "loss"
SECTIONS: dict[str, type[Section]] = {"arcface": ArcFaceLoss, "cosface": CosFaceLoss, "softmax": SoftmaxLoss}


def loss_section(name: str, **changes: Any) -> Loss:
    """The section of ``configs/loss/NAME.yaml`` with some settings changed; ``without`` names some to leave away."""
    without = changes.pop("without", ())
    given = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8")) | changes
    return check_settings(SECTIONS[given["head"]], {key: value for key, value in given.items() if key not in without})
