"""Patches x patches -> similarity and flow. Knows nothing of images, networks or rankings."""

from fdemd.emd.similarity import emd_similarity
from fdemd.emd.sinkhorn import Converged, Official, Stop, stopping_rule
from fdemd.emd.transport import Transport
from fdemd.emd.weighting import WEIGHTINGS

__all__ = ["WEIGHTINGS", "Converged", "Official", "Stop", "Transport", "emd_similarity", "stopping_rule"]
