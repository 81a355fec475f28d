"""The sets that ``python -m data_prep NAME`` knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from data_prep.casia import open_casia
from data_prep.downloads import open_download
from data_prep.layouts import LAYOUTS
from data_prep.packs import open_pack
from data_prep.sources import Source

Opener = Callable[[Sequence[Path], Path], Source]
"""(what was downloaded, scratch folder) -> the set; raises InputError if it is not there or cannot be used."""

SETS: dict[str, Opener] = {
    **{name: partial(open_download, layout=layout) for name, layout in LAYOUTS.items()},
    "casia": open_casia,
    "pack": open_pack,
}
