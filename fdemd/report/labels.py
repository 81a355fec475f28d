"""What networks, data sets and patches are called in titles, notes and names of files."""

from __future__ import annotations

from fdemd.settings.faces import Data
from fdemd.settings.networks import Network

_NAMED_BY = ("backbone", "name", "variant", "depth")


def model_label(model: Network) -> str:
    """Return the short name of a network.

    >>> from fdemd.settings.networks import IResNetNetwork
    >>> model_label(IResNetNetwork(backbone="iresnet", depth=100))
    'iresnet-100'
    """
    return "-".join(str(getattr(model, name)) for name in _NAMED_BY if name in type(model).model_fields)


def run_title(model: Network, data: Data) -> str:
    """Return the network and the data set of a run: ``dlib on orl``."""
    return f"{model_label(model)} on {data.name}"


def patches_label(grid: tuple[int, int], dtype: str) -> str:
    """Return what notes call the patches: their grid, and their precision if they were rounded.

    >>> patches_label((8, 8), "float16")
    '8x8 patches in float16'
    """
    return f"{grid[0]}x{grid[1]} patches" + ("" if dtype == "float32" else f" in {dtype}")
