"""A kind of query that another package brings is used from the command line like fdemd's own."""

import csv
import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from fdemd.cli.command_line import plan
from fdemd.errors import InputError
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.queries import QueryMaker
from fdemd.settings.queries import check_queries
from tests.plugins import write_package

SCARF = '''
import albumentations
import numpy as np

class Scarf(albumentations.ImageOnlyTransform):
    """Covers the lower part of a face with one grey."""

    def __init__(self, height, grey):
        super().__init__(p=1)
        self.height, self.grey = height, grey

    def apply(self, img, **params):
        covered = img.copy()
        covered[round((1 - self.height) * len(img)):] = self.grey
        return covered

def scarf(size: tuple[int, int], *, height: float = 0.4, grey: int = 128) -> list:
    if not 0 < height < 1:
        raise ValueError(f"a scarf of height {height} covers nothing or everything")
    return [Scarf(height, grey), albumentations.NoOp()]
'''


@pytest.fixture(autouse=True)
def scarf_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installs the package for one test."""
    monkeypatch.syspath_prepend(write_package(tmp_path / "site-packages", SCARF, {"queries": {"my_scarf": "scarf"}}))
    monkeypatch.delitem(sys.modules, "plugged_in", raising=False)


def test_it_is_identified_beside_the_other_kinds(run_evaluate, few_people: Path) -> None:
    words = "data=folder", f"data.root='{few_people}'", "query=[my_scarf,clean]", "query.my_scarf.height=0.5", "k=5"
    status, printed, folder = run_evaluate(*words, "data.num_workers=0")
    assert status == 0, printed
    rows = list(csv.DictReader((folder / "queries.csv").open()))
    assert list(dict.fromkeys(row["query"] for row in rows)) == ["my_scarf", "clean"]


def test_its_settings_are_those_of_its_signature_in_the_order_of_the_command_line() -> None:
    settings = plan("evaluate", ["query=[mask,my_scarf,clean]", "query.my_scarf.height=0.5"])[0].settings
    assert list(settings.query) == ["mask", "my_scarf", "clean"]
    assert settings.plain()["query"]["my_scarf"] == {"height": 0.5, "grey": 128}
    with pytest.raises(InputError, match=r"query\.my_scarf\.grey takes a whole number, not '0\.5'"):
        plan("evaluate", ["query=[my_scarf]", "query.my_scarf.grey=0.5"])


def test_its_pictures_are_stored_by_its_settings_and_its_code() -> None:
    section = check_queries({"my_scarf": {"height": 0.25}})["my_scarf"]
    maker = QueryMaker("my_scarf", (112, 112), 3, section)
    code = hashlib.sha256(SCARF.encode()).hexdigest()
    settings = {"height": 0.25, "grey": 128}
    assert maker.identity == {"kind": "my_scarf", "settings": settings, "seed": 3, "code": code}


def test_what_it_refuses_is_told_in_a_sentence() -> None:
    section = check_queries({"my_scarf": {"height": 2.0}})["my_scarf"]
    with pytest.raises(
        InputError, match=r"plug-in my_scarf of fdemd\.queries refuses its settings: ValueError: a scarf"
    ):
        QueryMaker("my_scarf", (112, 112), 0, section)


def test_a_misspelt_kind_is_told() -> None:
    with pytest.raises(InputError, match="did you mean my_scarf"):
        plan("evaluate", ["query=[my_scraf]"])


def plug_in(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Give the package's function another body."""
    import plugged_in

    scope = vars(plugged_in)
    exec(f"def scarf(size: tuple[int, int], *, height: float = 0.4, grey: int = 0) -> list:\n    {body}", scope)


@pytest.mark.parametrize(
    ("body", "found"), [("pass", "NoneType"), ("return Scarf(0.5, 0)", "Scarf"), ("return [None]", "NoneType")]
)
def test_a_function_that_returns_no_transforms_is_told(monkeypatch: pytest.MonkeyPatch, body: str, found: str) -> None:
    """Nothing would pass for clean faces."""
    section = check_queries({"my_scarf": {}})["my_scarf"]
    plug_in(monkeypatch, body)
    with pytest.raises(
        InputError, match=f"The query kind my_scarf returned {found}; it must return a list of albument"
    ):
        QueryMaker("my_scarf", (112, 112), 0, section)


def test_an_error_of_its_own_names_the_plug_in() -> None:
    section = check_queries({"my_scarf": {"grey": 999}})["my_scarf"]
    maker = QueryMaker("my_scarf", (8, 8), 0, section)
    face = AlignedFace(np.zeros((8, 8, 3), np.uint8), np.ones((68, 2), np.float32))
    with pytest.raises(
        RuntimeError, match=r"The plug-in my_scarf of fdemd.queries \(plugged_in:scarf\) failed: \w+Error: "
    ):
        maker(face, "Ann/1.jpg")
