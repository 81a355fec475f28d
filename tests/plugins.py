"""A package that a test installs: a module, and the folder by which Python finds its entry points."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hydra.core.config_store import ConfigStore

from fdemd.cli.configs import PLUGIN_GROUPS


def write_package(folder: Path, module: str, entry_points: dict[str, dict[str, str]]) -> Path:
    """Write what pip would: ``plugged_in.py`` and its ``dist-info``. The folder must then be on ``sys.path``.

    Args:
        folder: Where to, as a ``site-packages``.
        module: The source of ``plugged_in``.
        entry_points: Group, such as ``backbones`` -> name -> what of the module it is.
    """
    info = folder / "plugged_in-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "plugged_in.py").write_text(module, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged_in\nVersion: 1.0\n", encoding="utf-8")
    lines = [
        line
        for group, names in entry_points.items()
        for line in (f"[fdemd.{group}]", *(f"{name} = plugged_in:{what}" for name, what in names.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


@contextmanager
def choices_forgotten() -> Iterator[None]:
    """Take away afterwards what choosing a plug-in left in Hydra, where later tests would find it among the choices."""
    stored = ConfigStore.instance().repo
    before = {group: dict(stored.get(group, {})) for group in PLUGIN_GROUPS}
    yield
    stored.update(before)
