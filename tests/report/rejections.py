"""What a scale head gave, made up: two kinds of query, one of which has a smaller scale."""

import torch

from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.scoring.rejection import FALSE_ACCEPT_RATES, NORM, ORACLE, PORTIONS, RANDOM, SCALE, SHARES, Rejection


def rejection(share: float = 0.8, *, reranked: bool = True, norm: bool = True) -> Rejection:
    """Every rate begins at ``share`` and rises to 1 the more is rejected."""
    names = [SCALE, *([NORM] if norm else []), RANDOM, ORACLE]
    stages = [STAGE_1, STAGE_2] if reranked else [STAGE_1]
    curve = share + (1 - share) * PORTIONS / PORTIONS[-1]
    return Rejection(
        scale={"clean": 60.0, "mask": 50.0},
        logit={"clean": 1.0, "mask": 0.5},
        queries=40,
        missed=2,
        lone=1,
        answered={stage: dict.fromkeys(names, curve) for stage in stages},
        answered_area={stage: dict.fromkeys(names, share) for stage in stages},
        pairs=30,
        accepted={far: dict.fromkeys(names, curve) for far in FALSE_ACCEPT_RATES},
        accepted_area={far: dict.fromkeys(names, share) for far in FALSE_ACCEPT_RATES},
        mu=0.25,
        similarity={name: dict.fromkeys(FALSE_ACCEPT_RATES, share) for name in ("cosine", "scaled")},
        reranked=dict.fromkeys(names, torch.linspace(share, 1, len(SHARES)).double()) if reranked else {},
        templates={"mean": share, "scale": 1.0},
    )
