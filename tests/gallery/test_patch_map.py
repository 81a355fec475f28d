"""The map of a gallery's compact patches is the one that it was made with, or the gallery is not opened."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fdemd.emd.compact import PatchMap
from fdemd.errors import InputError
from fdemd.gallery.database import Database
from fdemd.gallery.patch_map import read_map, write_map
from fdemd.gallery.schema import Setting
from tests.gallery.made_gallery import COMPACT_PIN, MAP, PIN


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    database = Database(tmp_path / "people.db")
    for patch_map, pin in ((MAP, COMPACT_PIN), (None, PIN)):
        with database.write() as session:
            write_map(session, patch_map)
        with database.read() as session:
            found = read_map(session, pin)
            assert (found is None) is (patch_map is None)
            assert found is None or torch.equal(found.matrix, MAP.matrix)
            assert (session.get(Setting, "patch_map") is None) is (patch_map is None)


def test_another_map_or_none_is_told(tmp_path: Path) -> None:
    database = Database(tmp_path / "people.db")
    with database.read() as session, pytest.raises(InputError, match="has no map of its compact patches"):
        read_map(session, COMPACT_PIN)
    with database.write() as session:
        write_map(session, PatchMap(-MAP.matrix))
    with database.read() as session, pytest.raises(InputError, match="is not that which it was made with"):
        read_map(session, COMPACT_PIN)
    with database.write() as session:
        session.merge(Setting(name="patch_map", value='{"channels": 16, "matrix": "AAAA"}'))
    with database.read() as session, pytest.raises(InputError, match="it is damaged"):
        read_map(session, replace(COMPACT_PIN))
