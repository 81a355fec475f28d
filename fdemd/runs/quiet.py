"""Lightning without its tips and adverts."""

from __future__ import annotations

import logging
import warnings


def quiet_lightning() -> None:
    """Keep Lightning's devices, tips and upgrade adverts off the terminal; warnings that a user can act on stay."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    warnings.filterwarnings("ignore", ".*module\\(s\\) in eval mode.*")  # a frozen network is to stay so
    warnings.filterwarnings("ignore", ".*treespec, LeafSpec.*")  # Lightning 2.6 with a newer torch
    warnings.filterwarnings("ignore", ".*Experiment logs directory .* is not empty.*")  # a run's folder is its own
