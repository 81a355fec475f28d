"""The loader whose speed is measured."""

from itertools import islice

import torch

from fdemd.bench.loading import align_training_data, endless_loader
from fdemd.bench.training import SETTINGS
from fdemd.cli.command_line import CONFIG_DIR, plan


def test_the_loader_visits_every_face_before_any_comes_again(training_words: list[str]) -> None:
    (point,) = plan("train", [*SETTINGS, *training_words, "data.mask_share=0.5"], CONFIG_DIR)
    batches = list(islice(endless_loader(align_training_data(point.settings), workers=0), 10))
    rows = torch.cat([batch["row"] for batch in batches]).tolist()
    assert rows == [*range(20), *range(20)]
    first, second = (torch.cat([batch["face"] for batch in batches[half]]) for half in (slice(5), slice(5, 10)))
    assert (first != second).any(), "masked or mirrored otherwise at another visit"
