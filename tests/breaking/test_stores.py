"""Everything that may happen to a store on disk: it gives the right value each time, and mends itself.

The stores are used as runs use them: what is there is read, what is not is made and kept.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from fdemd.cache.entries import entries
from fdemd.cache.entry_writer import load_or_make
from fdemd.cache.features import TENSORS, FeatureStore
from fdemd.cache.similarities import SimilarityStore
from fdemd.data.aligned import aligned_faces
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.sources import folder_manifest
from fdemd.errors import InputError
from fdemd.faces.alignment import AlignedFace
from fdemd.faces.photographs import ExtractedFace
from fdemd.features import Features
from tests.breaking.conftest import Tally
from tests.cache.conftest import make_old

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
FACES = 11
MADE: list[str] = []
"""What was made instead of read, since the last look."""


def features(cache: Path, key: str = "a") -> bool:
    """Use the store of features; is what it gives right?"""
    generator = torch.Generator().manual_seed(ord(key))
    right = Features(
        torch.randn(FACES, 7, generator=generator),
        torch.randn(FACES, 12, 5, generator=generator).half(),
        (3, 4),
        torch.rand(FACES, 68, 2, generator=generator),
    )
    store = FeatureStore(cache, {"backbone": "dlib"})
    found = store.read({"faces": key})
    if found is None:
        MADE.append("features")
        with store.writer({"faces": key}, FACES) as writer:
            for start in range(0, FACES, 4):
                writer.append(right[start : start + 4])
            found = writer.features()
    return found.grid == right.grid and all(torch.equal(getattr(found, name), getattr(right, name)) for name in TENSORS)


def similarities(cache: Path, key: str = "a") -> bool:
    """Use the store of similarities; is what it gives right?"""
    similarity = torch.rand(4, 300, generator=torch.Generator().manual_seed(ord(key)))
    right = {"similarity": similarity, "fallback": similarity > 0.5, "none": torch.zeros(4, 0)}
    candidates = torch.arange(1200).view(4, 300)
    store = SimilarityStore(cache, {"of": key})
    found = store.get(slice(0, 4), candidates, lambda: MADE.append("similarities") or right)
    return found.keys() == right.keys() and all(torch.equal(found[name], right[name]) for name in right)


def faces(cache: Path, key: str = "a") -> bool:
    """Use the store of aligned faces, with faces that take no time; is what it gives right?"""
    paths = [f"{key}/{number:02}.png" for number in range(FACES)]
    manifest = Manifest(Path("photographs"), tuple(Photograph(path, "somebody", path) for path in paths))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fdemd.cache.journal.BLOCK", 2)
        patch.setattr("fdemd.data.aligned.read_image", lambda file: ord(key) + int(file.stem))
        patch.setattr("fdemd.data.aligned.extract_face", _extract_face)
        found = aligned_faces(manifest, "dlib", (150, 150), cache=cache, detector="dlib")
    shades = np.array([ord(key) + number for number in range(FACES)])
    return (
        bool((found.images == shades[:, None, None, None]).all())
        and bool((found.landmarks == shades[:, None, None]).all())
        and found.left_out == ()
        and found.several == tuple(row for row in range(FACES) if shades[row] % 2)
    )


def _extract_face(shade: int, *_: object, **__: object) -> ExtractedFace:
    MADE.append("face")
    face = AlignedFace(np.full((150, 150, 3), shade, np.uint8), np.full((68, 2), shade, np.float32))
    return ExtractedFace(face, 1 + shade % 2)


def others(cache: Path, key: str = "a") -> bool:
    """Use an entry as attacked faces and centres of people are kept; is what it gives right?"""
    right = torch.rand(40, generator=torch.Generator().manual_seed(ord(key))).numpy()

    def make(new) -> dict:
        MADE.append("others")
        new.allocate("numbers", torch.float32, (40,))[:] = right
        return {"key of": key}

    found = load_or_make(cache / "others" / (key * 64), "numbers", make)
    return np.array_equal(found.tensors["numbers"].numpy(), right) and found.facts == {"key of": key}


STORES = {"features": features, "similarities": similarities, "faces": faces, "others": others}
Use = Callable[..., bool]
Damage = Callable[[Path, random.Random, Path], None]
"""Of a file; it is told a file of that name in another entry as well."""


def truncate(path: Path, chance: random.Random, _: Path) -> None:
    os.truncate(path, chance.randrange(path.stat().st_size))


def zero_the_tail(path: Path, chance: random.Random, _: Path) -> None:
    size = path.stat().st_size
    os.truncate(path, chance.randrange(size))
    os.truncate(path, size)


def flip_a_bit(path: Path, chance: random.Random, _: Path) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def lengthen(path: Path, chance: random.Random, _: Path) -> None:
    with path.open("ab") as file:
        file.write(chance.randbytes(chance.randrange(1, 5000)))


def empty(path: Path, chance: random.Random, other: Path) -> None:
    path.write_bytes(b"")


def delete(path: Path, chance: random.Random, other: Path) -> None:
    path.unlink()


def folder_instead(path: Path, chance: random.Random, other: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("something")


def link_to_nothing(path: Path, chance: random.Random, other: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def link_to_itself(path: Path, chance: random.Random, other: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def link_to_the_other(path: Path, chance: random.Random, other: Path) -> None:
    path.unlink()
    path.symlink_to(other)


def copy_of_the_other(path: Path, chance: random.Random, other: Path) -> None:
    if other != path:
        shutil.copy(other, path)


def pipe_instead(path: Path, chance: random.Random, other: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: list[Damage] = [
    *[truncate] * 4,
    *[zero_the_tail] * 4,
    *[flip_a_bit] * 8,
    *[lengthen] * 2,
    empty,
    delete,
    folder_instead,
    link_to_nothing,
    link_to_itself,
    link_to_the_other,
    copy_of_the_other,
    pipe_instead,
]


def two_entries(use: Use, cache: Path) -> tuple[Path, Path]:
    """Entries of the keys a and b."""
    assert use(cache, "b")
    (other,) = entries(cache)
    assert use(cache, "a")
    (entry,) = set(entries(cache)) - {other}
    return entry, other


def mends(use: Use, cache: Path) -> bool:
    """The value is right, and right again without being made again; the other entry is as it was."""
    if not use(cache, "a"):
        return False
    MADE.clear()
    return use(cache, "a") and use(cache, "b") and not MADE


@pytest.mark.parametrize("store", STORES)
def test_damaged_files(tmp_path: Path, tally: Tally, store: str) -> None:
    use, chance, times, held = STORES[store], random.Random(store), 0, 0
    cache = tmp_path / "cache"
    entry, other = two_entries(use, cache)
    names = sorted(path.name for path in entry.iterdir() if path.stat().st_size)
    for name, damage in itertools.product(names, DAMAGES):
        before = (entry / name).read_bytes()
        damage(entry / name, chance, other / name)
        times += 1
        held += mends(use, cache)
        assert held == times, f"{name} after {damage.__name__}"
        assert sorted(entry.parent.iterdir()) == sorted([entry, other]), "nothing is left"
        if name == ".fdemd":  # whole without it; the next to be damaged has one
            shutil.rmtree(entry / name) if (entry / name).is_dir() else (entry / name).unlink(missing_ok=True)
            (entry / name).write_bytes(before)
    tally(f"{store}: one file of an entry damaged", times, held)


def description_of_the_other(entry: Path, other: Path) -> None:
    for name in ("meta.json", "meta.sha256"):
        shutil.copy(other / name, entry / name)


def all_of_the_other(entry: Path, other: Path) -> None:
    shutil.rmtree(entry)
    shutil.copytree(other, entry)


def all_but_the_description(entry: Path, other: Path) -> None:
    for path in other.iterdir():
        if not path.name.startswith("meta."):
            shutil.copy(path, entry / path.name)


def no_file_but_the_mark(entry: Path, other: Path) -> None:
    for path in entry.iterdir():
        if path.name != ".fdemd":
            path.unlink()


def no_folder(entry: Path, other: Path) -> None:
    shutil.rmtree(entry)


@pytest.mark.parametrize("store", STORES)
def test_damaged_entries(tmp_path: Path, tally: Tally, store: str) -> None:
    use, times, held = STORES[store], 0, 0
    cache = tmp_path / "cache"
    entry, other = two_entries(use, cache)
    damages = [description_of_the_other, all_of_the_other, all_but_the_description, no_file_but_the_mark, no_folder]
    for damage in damages:
        damage(entry, other)
        times += 1
        held += mends(use, cache)
    tally(f"{store}: an entry exchanged or emptied", times, held)


@pytest.mark.parametrize("store", STORES)
def test_what_is_not_ours_in_the_place_of_an_entry(tmp_path: Path, tally: Tally, store: str) -> None:
    """The value is right each time, and what is there stays."""
    use, times, held = STORES[store], 0, 0
    cache = tmp_path / "cache"
    entry, other = two_entries(use, cache)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(other, elsewhere)

    def a_file() -> None:
        entry.write_text("mine")

    def a_folder() -> None:
        entry.mkdir()
        (entry / "mine.txt").write_text("mine")

    def a_link_to_nothing() -> None:
        entry.symlink_to("nowhere")

    def a_link_to_a_folder() -> None:
        entry.symlink_to(elsewhere)

    for put in (a_file, a_folder, a_link_to_nothing, a_link_to_a_folder):
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink(missing_ok=True)
        put()
        before = sorted(tmp_path.rglob("*"))
        times += 1
        held += use(cache, "a") and use(cache, "a") and sorted(tmp_path.rglob("*")) == before
        assert held == times, put.__name__
    tally(f"{store}: something of somebody else in its place", times, held)


def without_permission(store: str, cache: Path) -> None:
    """As a user whom permissions bind: each file, and the folder, may not be read."""
    use = STORES[store]
    entry, _ = two_entries(use, cache)
    for name in sorted(path.name for path in entry.iterdir()):
        (entry / name).chmod(0o000)
        assert mends(use, cache), name
        (entry / name).chmod(0o644)
    entry.chmod(0o000)
    assert use(cache, "a"), "the folder"
    assert use(cache, "a"), "the folder, again"
    entry.chmod(0o755)
    assert mends(use, cache)
    print(len(list(entry.iterdir())) + 1)


@pytest.mark.parametrize("store", STORES)
def test_permissions(tmp_path: Path, tally: Tally, store: str, as_other_user: list[str]) -> None:
    script = (
        "from pathlib import Path; from tests.breaking.test_stores import without_permission; "
        f"without_permission({store!r}, Path({str(tmp_path / 'cache')!r}))"
    )
    done = subprocess.run(
        [*as_other_user, sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    times = int(done.stdout)
    tally(f"{store}: a file or folder that may not be read", times, times)


HELD, TOLD = 0, 2


def in_a_child(work: Callable[[], bool]) -> int:
    """Status of a process that works: HELD, TOLD after an InputError, 1 if the value is wrong; negative if killed."""
    return wait_for(begin(work))


def begin(work: Callable[[], bool]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.alarm(60)  # a program that hangs is a failure
        torch.set_num_threads(1)
        status = HELD if work() else 1
    except InputError as error:
        status = TOLD
        print(error, file=sys.stderr)
    except BaseException as error:
        print(repr(error), file=sys.stderr)
    finally:
        os._exit(status)


def wait_for(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(moment: int, work: Callable[[], bool]) -> int:
    """Work in a process that is killed when it is about to touch the disk for the given time; status, see above."""

    def killed() -> bool:
        calls = itertools.count(1)

        def counted(real: Callable) -> Callable:
            def call(*arguments: object, **settings: object) -> object:
                if next(calls) == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments, **settings)

            return call

        for name in ("fsync", "rename", "replace", "unlink", "rmdir", "mkdir", "open", "chmod", "utime"):
            setattr(os, name, counted(getattr(os, name)))
        return work()

    return in_a_child(killed)


@pytest.mark.parametrize("store", STORES)
def test_kills_at_every_moment(tmp_path: Path, tally: Tally, store: str) -> None:
    """Before each call that changes the disk; then a run that is not killed, and one that finds all done."""
    use, times, held = STORES[store], 0, 0
    for moment in itertools.count(1):
        cache = tmp_path / str(moment)
        status = killed_at(moment, lambda cache=cache: use(cache))
        if status == HELD:
            break
        assert status == -signal.SIGKILL
        for kind in cache.iterdir() if cache.exists() else ():
            make_old(kind, days=2)  # a folder that has no mark yet may be of a running program
        times += 1
        held += use(cache) and is_clean(cache) and not made_by(lambda cache=cache: use(cache))
        assert held == times, f"killed at {moment}"
        shutil.rmtree(cache)
    tally(f"{store}: killed before each call that touches the disk", times, held)


def made_by(work: Callable[[], object]) -> int:
    MADE.clear()
    work()
    return len(MADE)


def is_clean(cache: Path) -> bool:
    """One entry, and nothing that is left of another."""
    (kind,) = cache.iterdir()
    return len(list(kind.iterdir())) == 1


def test_a_run_that_is_killed_again_and_again(tmp_path: Path, tally: Tally) -> None:
    """Aligning comes to its end however often it is broken off, and is never slower for it than block by block."""
    chance, times, held = random.Random(0), 0, 0
    caches = (tmp_path / f"to {moment}" for moment in itertools.count(18))
    whole = next(moment for moment, to in enumerate(caches, 18) if killed_at(moment, partial(faces, to)) == HELD)
    for number in range(15):
        cache = tmp_path / str(number)
        for _ in range(200):
            status = killed_at(chance.randrange(whole // 2, whole), lambda cache=cache: faces(cache))
            times += 1
            held += status in (-signal.SIGKILL, HELD)
            if status == HELD:
                break
        assert status == HELD
        assert faces(cache)
        assert is_clean(cache)
    tally("faces: killed again and again until it is done", times, held)


@pytest.mark.parametrize("store", STORES)
def test_damage_to_what_a_killed_run_left(tmp_path: Path, tally: Tally, store: str) -> None:
    """Whatever is left of it, the next run gives the right value."""
    use, chance, times, held = STORES[store], random.Random(store), 0, 0
    for number, damage in enumerate(DAMAGES * 2):
        cache = tmp_path / str(number)
        moment = chance.randrange(12, 38 if store == "faces" else 20)
        assert killed_at(moment, lambda cache=cache: use(cache)) == -signal.SIGKILL
        files = sorted(path for path in cache.rglob("*") if path.is_file() and path.stat().st_size)
        if not files:
            continue
        path = chance.choice(files)
        damage(path, chance, chance.choice([file for file in files if file != path] or files))
        times += 1
        held += use(cache) and not made_by(lambda cache=cache: use(cache))
        assert held == times, f"{path.name} after {damage.__name__}"
    tally(f"{store}: a file damaged that a killed run left", times, held)


@pytest.mark.parametrize("store", STORES)
def test_full_disks(tmp_path: Path, small_disk, tally: Tally, store: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The right value or a sentence that names the folder; no crash, and what is left is only what resuming needs."""
    use, times, held = STORES[store], 0, 0
    disk = small_disk(4)
    for free in [*range(0, 40, 4), *range(40, 1000, 80)]:
        cache, ballast = disk / "cache", disk / "ballast"
        cache.mkdir()
        with ballast.open("wb") as file:
            file.write(bytes(shutil.disk_usage(disk).free - free * 1024))
        status = in_a_child(lambda cache=cache: use(cache))
        told = capfd.readouterr().err
        good = status == HELD or (status == TOLD and str(cache) in told and "make room" in told)
        ballast.unlink()
        times += 1
        held += good and use(cache) and is_clean(cache)
        assert held == times, f"{free} KiB free: {status}, {told}"
        shutil.rmtree(cache)
    tally(f"{store}: disks with 0 to 1000 KiB free", times, held)


@pytest.mark.parametrize("store", STORES)
def test_programs_at_once(tmp_path: Path, tally: Tally, store: str) -> None:
    """Four that use the same store at once, all with the right value; nothing is left but the entry."""
    use, times, held = STORES[store], 0, 0
    for number in range(10):
        cache = tmp_path / str(number)
        children = [begin(lambda cache=cache: use(cache)) for _ in range(4)]
        times += len(children)
        held += sum(wait_for(child) == HELD for child in children)
        assert is_clean(cache)
    tally(f"{store}: four programs at once", times, held)


ALIGN = """
import os, signal, sys
from pathlib import Path
import numpy as np
import fdemd.cache.journal as journal
from fdemd.data.aligned import aligned_faces
from fdemd.data.sources import folder_manifest

blocks, written = int(sys.argv[3]), journal.JournaledRows._write
def write(rows):
    written(rows)
    global blocks
    blocks -= 1
    if not blocks:
        os.kill(os.getpid(), signal.SIGKILL)
journal.BLOCK, journal.JournaledRows._write = 2, write
people, cache, workers = folder_manifest(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[4])
aligned_faces(people, "dlib", (150, 150), cache=cache, detector="dlib", num_workers=workers)
"""


def test_real_faces_after_kills(few_people: Path, tmp_path: Path, tally: Tally) -> None:
    """Killed when the journal has so many blocks more, with and without processes that align; equal to the pixel."""
    manifest = folder_manifest(str(few_people))
    expected = aligned_faces(manifest, "dlib", (150, 150), cache=tmp_path / "whole", detector="dlib")
    times = held = 0
    for workers, kills in ((0, (1, 3)), (2, (4,))):
        cache = tmp_path / str(workers)
        done = 0
        for blocks in (*kills, 0):
            command = [sys.executable, "-c", ALIGN, str(few_people), str(cache), str(blocks), str(workers)]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            times += 1
            held += run.returncode == (-signal.SIGKILL if blocks else 0)
            held_on = f"Aligning goes on after {done} of 20 photographs" in run.stdout
            assert held_on == bool(done), run.stdout + run.stderr
            done += 2 * blocks
        found = aligned_faces(manifest, "dlib", (150, 150), cache=cache, detector="dlib")
        assert np.array_equal(found.images, expected.images)
        assert np.array_equal(found.landmarks, expected.landmarks)
        assert is_clean(cache)
    tally("faces: real ones, killed between blocks, going on", times, held)


@pytest.fixture(autouse=True)
def nothing_made() -> Iterator[None]:
    MADE.clear()
    yield
