"""A gallery on a cluster where Ray is missing."""

import pytest

from fdemd.errors import InputError
from fdemd.gallery.cluster import opening
from fdemd.gallery.cluster.settings import Cluster
from fdemd.gallery.gallery import Gallery


def test_a_missing_ray_is_told(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdemd.runs.ray_cluster.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"A gallery on a cluster needs Ray; pip install 'fdemd\[ray\]'."):
        opening.open_shards(Cluster(), gallery.database, gallery.pin, None)
    with pytest.raises(InputError, match="needs Ray"):
        opening.stop_shards("auto", gallery.database)
