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
    "server",
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

TESTS = PACKAGE.parent / "tests"
ONLY_ON_A_GPU = {"emd/engines/cuda_kernel.py", "emd/engines/cuda_large_kernel.py"}
"""Modules without a test file of their own: kernels, which are tested through the engine that launches them."""
TESTS_OF_NO_MODULE = {
    "embedding/test_stored_names.py": "entries of the cache that earlier versions made are found",
    "emd/engines/test_cuda_compiled.py": "the kernels compile for every card, where no card is",
    "emd/test_golden.py": "the whole of the distance beside the published implementation",
    "jobs/test_edited_plugins.py": "plug-ins that are edited between two runs",
    "jobs/test_query_plugin.py": "a kind of query of another package, from the command line to the table",
    "jobs/test_rerankers.py": "every re-ranker, from the command line to the table",
    "jobs/test_sweep.py": "sweep.yaml",
    "runs/test_two_processes.py": "callbacks and loggers in two processes",
    "server/test_hostile.py": "whatever is sent to a server",
    "server/test_load.py": "a server under load, killed again and again",
    "server/test_together.py": "many clients, and several servers on one gallery",
    "settings/test_choices.py": "names in the settings beside those of the code",
    "server/test_page.py": "the web page, in a browser",
    "test_accounts.py": "every job's account of its photographs",
    "test_architecture.py": "this file",
    "test_contributing.py": "CONTRIBUTING.md",
    "test_documentation.py": "docs/",
    "test_documented_commands.py": "docs/",
    "test_documented_figures.py": "docs/",
    "test_links.py": "docs/",
    "test_odd_folders.py": "the whole program in folders with odd names",
    "test_package.py": "the wheel",
    "test_plugins.py": "a package with one plug-in of each kind, from the command line to the table",
}
"""Tests of several rooms together, or of what is no module, and what they are about."""


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


def has_logic(module: Path) -> bool:
    """Whether a module defines something that can break: a function or a class."""
    body = ast.parse(module.read_text(encoding="utf-8")).body
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in body)


def mirror_of(module: Path) -> Path:
    """``emd/side.py`` -> ``emd/test_side.py``; ``__main__`` is tested as ``main``, ``__init__`` as its folder."""
    folder = (PACKAGE / module).parent.name
    name = {"__main__": "main", "__init__": folder}.get(module.stem, module.stem)
    return module.with_name(f"test_{name}.py")


def modules() -> list[Path]:
    return [path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py"))]


def test_every_module_with_logic_has_a_mirror_of_its_own_name() -> None:
    missing = {
        module.as_posix()
        for module in modules()
        if has_logic(PACKAGE / module) and not (TESTS / mirror_of(module)).is_file()
    }
    assert missing == ONLY_ON_A_GPU


def test_every_test_file_has_its_module() -> None:
    mirrored = {mirror_of(module) for module in modules()}
    found = [
        *TESTS.glob("test_*.py"),
        *(file for room in folders(PACKAGE) for file in (TESTS / room).rglob("test_*.py")),
    ]
    stray = {file.relative_to(TESTS).as_posix() for file in found if file.relative_to(TESTS) not in mirrored}
    assert stray == set(TESTS_OF_NO_MODULE)


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
