"""Numbers that no cluster can have."""

import pytest

from fdemd.errors import InputError
from fdemd.gallery.cluster.settings import Cluster


@pytest.mark.parametrize("name", ["shards", "replicas"])
def test_there_is_one_of_each_at_least(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} is -1; a gallery on a cluster has 1 or more"):
        Cluster(**{name: -1})  # type: ignore[arg-type]
