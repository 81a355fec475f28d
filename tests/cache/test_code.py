"""Keys hold the code of other packages, and none of fdemd's own."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from fdemd.backbones.dlib import DlibNet
from fdemd.cache.code import code_key
from fdemd.faces.queries import QUERY_KINDS
from fdemd.retrieval.reranker_emd import EmdReranker


def test_fdemds_own_code_has_no_part_in_keys() -> None:
    for own in (DlibNet, EmdReranker, *QUERY_KINDS.values()):
        assert code_key(own) == {}


def test_code_of_another_package_is_known_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "elsewhere.py"
    module = ModuleType("fdemd_elsewhere")
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    thing = SimpleNamespace(__module__=module.__name__)

    file.write_text("height = 0.4")
    first = code_key(thing)
    file.write_text("height = 0.5")
    assert code_key(thing) != first
    file.write_text("height = 0.4")
    assert code_key(thing) == first


def test_code_that_was_typed_has_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typed", ModuleType("typed"))
    assert code_key(SimpleNamespace(__module__="typed")) == {}
