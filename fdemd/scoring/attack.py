"""What an attack on queries achieves: how often a query passes for the person whom it imitates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fdemd.attacks import DODGING
from fdemd.attacks.adversary import Adversary
from fdemd.data.datamodule import FaceDataModule
from fdemd.scoring.closed_set import STAGE_1, STAGE_2, Comparison


@dataclass(frozen=True)
class AttackOutcome:
    """An attack and its success.

    Attributes:
        attack: The attack in words.
        network: The attacked network.
        goal: ``dodging`` or ``impersonation``.
        imitated: Protocol -> stage -> share in [0, 1] of the queries that find first the person whom they imitate;
            empty for dodging.
    """

    attack: str
    network: str
    goal: str
    imitated: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def measure_attack(adversary: Adversary, faces: FaceDataModule, comparisons: Mapping[str, Comparison]) -> AttackOutcome:
    """Measure how many queries pass for whom they imitate.

    Args:
        adversary: Made the queries.
        faces: Queries and gallery.
        comparisons: Protocol -> what the adversarial queries gave under it.
    """
    named = adversary.settings.in_words, adversary.attacked_name, adversary.settings.goal
    if adversary.settings.goal == DODGING:
        return AttackOutcome(*named)
    aims = adversary.aims(faces.manifest, faces.query_rows, faces.gallery_rows)
    imitated: dict[str, dict[str, float]] = {}
    for protocol, comparison in comparisons.items():
        shares = imitated.setdefault(protocol, {})
        for stage, ranking in ((STAGE_1, comparison.stage1), (STAGE_2, comparison.stage2)):
            if ranking is not None:
                first = faces.gallery_rows[ranking.indices[:, 0]].tolist()
                found = [faces.manifest.photographs[row].identity == aim for row, aim in zip(first, aims, strict=True)]
                shares[stage] = sum(found) / len(found)
    return AttackOutcome(*named, imitated)
