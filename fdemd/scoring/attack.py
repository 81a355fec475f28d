"""What an attack on queries achieves: how often a query passes for the person whom it imitates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fdemd.attacks import DODGING
from fdemd.attacks.adversary import Adversary
from fdemd.data.datamodule import FaceDataModule
from fdemd.scoring.closed_set import STAGE_1, STAGE_2, Comparison
from fdemd.tensors.arrays import numbered


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
    gallery = [faces.manifest.photographs[row].identity for row in faces.gallery_rows.tolist()]
    aim, person = numbered({"aims": (aims, None), "gallery": (gallery, None)})
    imitated: dict[str, dict[str, float]] = {}
    for protocol, comparison in comparisons.items():
        shares = imitated.setdefault(protocol, {})
        for stage, ranking in ((STAGE_1, comparison.stage1), (STAGE_2, comparison.stage2)):
            if ranking is not None:
                shares[stage] = float(ranking.hits(aim, person)[:, :1].any(1).double().mean())
    return AttackOutcome(*named, imitated)
