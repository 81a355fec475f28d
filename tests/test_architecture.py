"""The package is a list of rooms, and a room imports only from rooms below it: data flows one way through them."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.checkout

PACKAGE = Path(__file__).resolve().parents[1] / "fdemd"
ROOMS = (
    "repro",
    "bench",
    "jobs",
    "gallery",
    "training",
    "report",
    "scoring",
    "embedding",
    "attacks",
    "score_normalization",
    "retrieval",
    "visibility",
    "losses",
    "data",
    "faces",
    "backbones",
    "emd",
    "cache",
    "runs",
    "checkpoints",
    "cli",
    "metrics",
    "settings",
    "files",
    "features",
    "tensors",
    "errors",
)
"""Folders of ``fdemd`` and the modules beside them, from the top of the house to the ground."""
LOOSE = {"__init__", "__main__", "errors", "features"}
"""Modules that lie in no folder; the first two are the doors of the house and may open on every room."""
MOST_FOLDERS = 26


class Import(NamedTuple):
    """An import of one room from another, anywhere in a module: at its top, in a function, for type checkers."""

    importing: str
    imported: str
    place: str


def room_of(module: str) -> str:
    """``fdemd.emd.side`` -> ``emd``."""
    return module.split(".")[1]


def imports(package: Path) -> Iterator[Import]:
    """Every import between two rooms of a package called ``fdemd``."""
    for file in sorted(package.rglob("*.py")):
        path = file.relative_to(package)
        importing = path.parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for module in imported_modules(node):
                if module.startswith("fdemd.") and importing not in (room_of(module), "__init__", "__main__"):
                    yield Import(importing, room_of(module), f"{path}:{node.lineno}")  # type: ignore[attr-defined]


def imported_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom):
        assert not node.level, "relative imports hide which room they lead to"
        if node.module == "fdemd":  # a room, or a public name: the way in from outside is no way through the house
            return [f"fdemd.{each.name}" for each in node.names]
        return [str(node.module)]
    return []


def forbidden(package: Path) -> list[str]:
    """The imports that do not lead down, in words."""
    floor = {name: number for number, name in enumerate(ROOMS)}
    return [
        f"{each.place}: {each.importing} imports {each.imported}"
        for each in imports(package)
        if floor.get(each.importing, -1) >= floor.get(each.imported, -1)
    ]


def folders(package: Path) -> set[str]:
    return {path.relative_to(package).parts[0] for path in package.glob("*/**/*.py")}


def test_imports_lead_down() -> None:
    assert forbidden(PACKAGE) == []


def test_every_folder_is_a_room_on_the_list_and_they_are_few() -> None:
    assert folders(PACKAGE) <= set(ROOMS)
    assert len(folders(PACKAGE)) <= MOST_FOLDERS


def test_no_other_module_lies_beside_the_folders() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} <= LOOSE


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("from fdemd.errors import InputError", False),
        ("from fdemd.checkpoints.files import sha256_of", False),
        ("from fdemd.files.writing import write_text", False),
        ("from fdemd import errors", False),
        ("from fdemd.cache import entries", True),
        ("import fdemd.jobs.evaluate", True),
        ("from fdemd import rank", True),
        ("def late():\n    from fdemd.retrieval.ranking import Ranking", True),
    ],
)
def test_an_import_that_leads_up_is_found_wherever_it_stands(code: str, wrong: bool, tmp_path: Path) -> None:
    room = tmp_path / "fdemd" / "checkpoints"
    room.mkdir(parents=True)
    (room / "module.py").write_text(code)
    assert bool(forbidden(tmp_path / "fdemd")) == wrong
