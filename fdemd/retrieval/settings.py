"""The settings of the second stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fdemd.emd import Converged, Official, Stop
from fdemd.emd.engines import AUTO, check_engine
from fdemd.emd.sinkhorn import check_eps
from fdemd.emd.weighting import check_weighting
from fdemd.errors import InputError, unknown
from fdemd.retrieval.stage2 import check_mix

RAW, PROJECTED = "raw", "projected"
"""Patches as the network gives them, or their shares of the embedding: :mod:`fdemd.backbones.projection`."""


@dataclass(frozen=True)
class RerankSettings:
    """Settings of the second stage, as in ``configs/rerank/emd.yaml``. Checked when made (InputError)."""

    alpha: float | str = 0.7
    k: int = 100
    weighting: str = "apc"
    eps: float = 0.05
    stop: str = "converged"
    tolerance: float = Converged.tolerance
    grid: tuple[int, int] | None = None
    engine: str = AUTO
    patches: str = RAW

    def __post_init__(self) -> None:
        check_mix(self.alpha, self.k)
        check_weighting(self.weighting)
        check_eps(self.eps)
        check_engine(self.engine)
        if self.stop not in ("converged", "official"):
            raise unknown("stopping rule", self.stop, ("converged", "official"))
        if self.patches not in (RAW, PROJECTED):
            raise unknown("kind of patches", self.patches, (RAW, PROJECTED))
        if not 0 < self.tolerance < 1:
            raise InputError(f"tolerance is {self.tolerance}; it must lie between 0 and 1 (the default is 3e-4).")
        grid = self.grid
        if grid is not None and not (
            isinstance(grid, list | tuple) and len(grid) == 2 and all(type(side) is int and side > 0 for side in grid)
        ):
            raise InputError(f"grid is {grid}; it must be [rows, columns], such as [4,4].")

    @property
    def fixed_alpha(self) -> float:
        """Alpha as a number, for two photographs alone.

        Raises:
            InputError: it is ``auto``, which looks at a query's whole shortlist.
        """
        if isinstance(self.alpha, str):
            raise InputError(
                f"rerank.alpha={self.alpha} is chosen from the scores of a query's whole shortlist; to compare two "
                "photographs alone give a number, such as rerank.alpha=0.7."
            )
        return self.alpha

    @property
    def stopping_rule(self) -> Stop:
        """The rule as the solver takes it."""
        return Official() if self.stop == "official" else Converged(self.tolerance)


def rerank_settings(rerank: Mapping[str, Any]) -> RerankSettings | None:
    """Settings of the second stage as ``configs/rerank`` has them; None for ``rerank=none``.

    Raises:
        InputError: unknown method or a setting out of range.
    """
    settings = dict(rerank)
    method = settings.pop("method")
    if method not in ("emd", "none"):
        raise unknown("re-ranking method", method, ("emd", "none"))
    if method == "none":
        return None
    grid = settings.pop("grid")
    return RerankSettings(**settings, grid=tuple(grid) if isinstance(grid, list) else grid)
