"""Fixtures that several folders of tests share."""

import gc
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when triton is first imported, which others do below

from fdemd.backbones import Backbone, create_backbone
from fdemd.cli.command_line import main
from fdemd.cli.memory import keep_freed_memory
from fdemd.data.sources import orl_manifest
from fdemd.jobs import run

settings.register_profile("thorough", deadline=None)  # a busy machine is no mistake of an example
settings.register_profile("quick", deadline=None, max_examples=40)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
keep_freed_memory()  # as every command does; here it is seldom the first to run

GOLDEN = Path(__file__).parent / "golden"
"""Outputs of the published implementation; its README says what each file holds."""
SHARED = Path(__file__).resolve().parents[1].parent / "shared"


def pytest_collection_finish() -> None:
    """Leave what was imported to itself: looking through it for garbage takes up to a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_unconfigure() -> None:
    """Likewise when the interpreter ends."""
    gc.freeze()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real data and weights that lies beside a developer's checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"the real data of {SHARED} is not on this machine")
    return SHARED


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep everything the tests cache out of the user's own cache."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FDEMD_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def wandb_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wandb's own")


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch: pytest.MonkeyPatch, wandb_folder: Path) -> None:
    """Keep the tests out of a developer's W&B account and folders."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(wandb_folder / "no netrc"))
    for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(wandb_folder))


@pytest.fixture(scope="session")
def dlib_net() -> Backbone:
    return create_backbone("dlib")


@pytest.fixture(scope="session")
def few_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of real faces, 5 people x 4 photographs of ORL; read only."""
    folder = tmp_path_factory.mktemp("few people")
    manifest = orl_manifest()
    for photograph in manifest.photographs[:50]:
        if int(Path(photograph.path).stem) <= 4:
            target = folder / photograph.path
            target.parent.mkdir(exist_ok=True)
            shutil.copy(manifest.file(photograph), target)
    return folder


@pytest.fixture
def people(few_people: Path, tmp_path: Path) -> Path:
    """A copy of ``few_people`` that a test may spoil."""
    return Path(shutil.copytree(few_people, tmp_path / "people"))


@pytest.fixture
def run_evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, Path]]:
    """Runs evaluate.py as typed; gives the status, what it printed, and the newest folder that it left, if any."""

    def call(*arguments: object) -> tuple[int, str, Path]:
        output = tmp_path / "out"
        status = main("evaluate", run, "test", [*map(str, arguments), f"output='{output}'"])
        printed = capsys.readouterr()
        folders = sorted(output.iterdir(), key=lambda folder: folder.stat().st_mtime_ns) if output.is_dir() else []
        return status, printed.out + printed.err, folders[-1] if folders else output

    return call


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def as_other_user(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What to put before a command so that permissions bind it: root reads everything, an ordinary user does not."""
    if os.getuid():
        return []
    prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    secret = tmp_path_factory.mktemp("secret") / "file"
    secret.touch(mode=0o000)
    if not shutil.which("unshare") or subprocess.run([*prefix, "test", "-r", secret], check=False).returncode != 1:
        pytest.skip("permissions cannot be tested: root may read everything here, and user namespaces are not allowed")
    return prefix


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts an empty disk of so many MiB, in memory; only root may."""
    mounted: list[Path] = []

    def mount(mebibytes: int) -> Path:
        place = tmp_path / f"disk {len(mounted)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "none", str(place)]
        if os.getuid() or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("a full disk cannot be tested: only root may mount a small one")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)
