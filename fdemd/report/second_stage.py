"""How the second stage ordered the shortlists, in a sentence."""

from __future__ import annotations

from fdemd.backbones.projection import RAW
from fdemd.report.labels import patches_label
from fdemd.settings.ranking import EmdRerank, Reranking
from fdemd.visibility.calibration import Calibration


def second_stage_note(rerank: Reranking, *, k: int, grid: tuple[int, int], dtype: str, engine: str = "") -> str:
    """Return the settings of the second stage.

    Args:
        rerank: Settings of the second stage.
        k: Candidates that were re-ranked.
        grid: Rows and columns of the patches that were compared.
        dtype: Precision that the patches were rounded to.
        engine: What computed it; empty where that is not told.
    """
    if not isinstance(rerank, EmdRerank):
        options = "".join(f", {name} {value}" for name, value in rerank.options.items())
        return f"Stage 2: alpha * {rerank.method} + (1 - alpha) * cosine{options}, alpha {rerank.alpha}, k {k}."
    kind = "" if rerank.patches == RAW else f"{rerank.patches} "
    seen = f", visible {rerank.visible}" if rerank.sees_covers else ""
    computed = f", engine {engine}" if engine else ""
    return (
        f"Stage 2: alpha * Earth Mover's similarity + (1 - alpha) * cosine, weighting {rerank.weighting}, "
        f"{kind}{patches_label(grid, dtype)}, alpha {rerank.alpha}, k {k}, eps {rerank.eps:g}, stop "
        f"{stopping_label(rerank)}{seen}{computed}."
    )


def calibration_notes(calibration: Calibration | None, digest: str) -> list[str]:
    """Return what alphas were calibrated on and, if that was another gallery, what follows.

    Args:
        calibration: What ``alpha=calibrated`` went by; None with another alpha. One that was not made by ``fdemd
            calibrate`` may not tell what it was made on; nothing is said then.
        digest: Sha256 of the data that it was used on.
    """
    facts = {} if calibration is None else calibration.facts
    if not {"data", "data_sha256", "photographs", "people"} <= facts.keys():
        return []
    told = f"alpha calibrated on {facts['data']}, {facts['photographs']:,} photographs of {facts['people']:,} people."
    if facts["data_sha256"] == digest:
        return [told]
    return [
        f"{told} In a gallery where faces are harder to tell apart it may do harm: fdemd calibrate makes one for it."
    ]


def stopping_label(rerank: EmdRerank) -> str:
    """Return when the transport of a pair stops: ``converged to 0.0003``, or ``official``."""
    return f"converged to {rerank.tolerance:g}" if rerank.stop == "converged" else rerank.stop
