"""Face identification that survives occlusion: cosine ranking, then Earth Mover's Distance between patches."""

import os

# albumentations asks PyPI for its newest version when it is imported; nothing here may need a network.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

__version__ = "0.1.0"
