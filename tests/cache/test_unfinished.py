"""The folder in which an entry is made, whenever its program is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fdemd.cache.entries import in_use, remove
from fdemd.cache.entry_writer import EntryWriter
from tests.cache.conftest import make_old
from tests.cache.made_entries import NAME, OTHER, entry

MAKE_AND_DIE = """
import os, signal, sys, torch
from pathlib import Path
from fdemd.cache.entry_writer import EntryWriter
new = EntryWriter(Path(sys.argv[1]), "numbers")
new.write({"numbers": torch.ones(10)})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_is_removed_and_a_running_one_is_let_be(tmp_path: Path) -> None:
    place = tmp_path / "kind" / NAME
    assert subprocess.run([sys.executable, "-c", MAKE_AND_DIE, str(place)], check=False).returncode < 0
    (killed,) = place.parent.iterdir()
    with EntryWriter(place, "numbers") as running:
        assert not killed.exists()
        make_old(running.folder, days=2)
        assert in_use(running.folder)
        assert not remove(running.folder)
        entry(tmp_path, 1.0)
        assert running.folder.exists()


def test_a_lock_ends_with_its_process_even_if_its_workers_live_on(tmp_path: Path) -> None:
    """Workers that outlive a kill would keep the lock of the run that started them."""
    with EntryWriter(tmp_path / "kind" / NAME, "numbers") as new:
        worker = os.fork()
        if not worker:
            signal.pause()
        try:
            new.keep = True
            folder = new.folder
            new.__exit__(None, None, None)
            assert not in_use(folder)
        finally:
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)


@pytest.mark.parametrize("half", [None, ".0123456789abcdef.part"])
def test_a_run_killed_before_it_could_mark_its_folder(tmp_path: Path, half: str | None) -> None:
    folder = tmp_path / "kind" / "unfinished-ab3_efgh"
    folder.mkdir(parents=True)
    if half:
        (folder / half).touch()
    entry(tmp_path, 1.0)
    assert folder.exists(), "its run may be about to"
    make_old(folder, days=2)
    entry(tmp_path, 1.0, OTHER)
    assert not folder.exists()
