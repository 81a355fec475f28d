"""The section ``data`` of a config, sorted by who needs what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fdemd.cache.location import cache_folder

_LOADING = ("detector", "batch_size", "num_workers")


@dataclass(frozen=True)
class DataSettings:
    """Settings of ``configs/data/*.yaml``.

    Attributes:
        source: which photographs: arguments of :func:`fdemd.data.sources.build_manifest`.
        loading: how they are loaded: arguments that all data modules share.
        mask_share: share of training faces that get a mask on the fly; an evaluation has kinds of query instead.
    """

    source: dict[str, Any]
    loading: dict[str, Any]
    mask_share: float


def data_settings(section: Mapping[str, Any]) -> DataSettings:
    """Sort a section."""
    source = dict(section)
    loading = {key: source.pop(key) for key in _LOADING}
    loading["cache"] = cache_folder(source.pop("cache"))
    return DataSettings(mask_share=source.pop("mask_share", 0.0), source=source, loading=loading)
