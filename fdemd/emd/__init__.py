"""Earth Mover's similarity of two sets of patches, and the flow between them.

This package knows nothing of images, networks or rankings. "The paper" is DeepFace-EMD (Phan and Nguyen, CVPR 2022,
arXiv:2112.04016); "the published code" is github.com/anguyen8/deepface-emd, commit a0e13d1.
"""

from fdemd.emd.similarity import emd_similarity
from fdemd.emd.sinkhorn import Converged, Official, Stop, stopping_rule
from fdemd.emd.transport import Transport
from fdemd.emd.weighting import WEIGHTINGS

__all__ = ["WEIGHTINGS", "Converged", "Official", "Stop", "Transport", "emd_similarity", "stopping_rule"]
