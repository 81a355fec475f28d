"""Patches x patches -> similarity and flow. Knows nothing of images, networks or rankings."""

from fdemd.emd.similarity import Transport, emd_similarity
from fdemd.emd.sinkhorn import Converged, Official, Stop
from fdemd.emd.weighting import WEIGHTINGS

__all__ = ["WEIGHTINGS", "Converged", "Official", "Stop", "Transport", "emd_similarity"]
