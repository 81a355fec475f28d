"""What there is to say about the figures of adversarial queries."""

from __future__ import annotations

from fdemd.attacks import DODGING
from fdemd.attacks.adversary import Adversary
from fdemd.data.datamodule import FaceDataModule
from fdemd.scoring.closed_set import STAGE_1, STAGE_2, Comparison


def attack_remark(adversary: Adversary, faces: FaceDataModule, comparison: Comparison) -> str:
    """Return the attack in words, and how many of the queries pass for whom they imitate.

    Args:
        adversary: that made the queries.
        faces: queries and gallery.
        comparison: of the adversarial queries, under one protocol.
    """
    settings = adversary.settings
    told = f"{settings.in_words} on {adversary.attacked_name}, {settings.goal}."
    if settings.goal == DODGING:
        return told
    aims = adversary.aims(faces.manifest, faces.query_rows, faces.gallery_rows)
    shares = []
    for stage, ranking in ((STAGE_1, comparison.stage1), (STAGE_2, comparison.stage2)):
        if ranking:
            first = faces.gallery_rows[ranking.indices[:, 0]].tolist()
            found = [faces.manifest.photographs[row].identity == aim for row, aim in zip(first, aims, strict=True)]
            shares.append(f"{100 * sum(found) / len(found):.1f} % after {stage}")
    return f"{told} Queries that find first the person they imitate: {', '.join(shares)}."
