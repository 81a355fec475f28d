"""Features on disk: given back bit by bit, or not at all."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from fdemd.cache.entries import entries
from fdemd.cache.features import TENSORS, FeatureStore
from fdemd.errors import InputError
from fdemd.features import Features

FACES = 10
KEY = {"faces": "abc", "query": {"kind": "mask", "seed": 0}}
NETWORK = {"backbone": "dlib", "checkpoint": None, "grid": 8}


def some_features(dtype: torch.dtype = torch.float16) -> Features:
    patches = torch.randn(FACES, 12, 5).to(dtype)
    return Features(torch.randn(FACES, 7), patches, (3, 4), torch.rand(FACES, 68, 2))


def store_of(cache: Path) -> FeatureStore:
    return FeatureStore(cache, NETWORK)


def write(cache: Path, features: Features, batch: int = 4) -> Features:
    with store_of(cache).writer(KEY, FACES) as writer:
        for start in range(0, FACES, batch):
            writer.append(features[start : start + batch])
        return writer.features()


def same(one: Features | None, other: Features) -> bool:
    return (
        one is not None
        and one.grid == other.grid
        and all(torch.equal(getattr(one, name), getattr(other, name)) for name in TENSORS)
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_what_was_written_is_read(tmp_path: Path, dtype: torch.dtype) -> None:
    features = some_features(dtype)
    cache = tmp_path / "Zoë's cache 張"
    assert store_of(cache).read(KEY) is None
    assert same(write(cache, features), features)
    found = store_of(cache).read(KEY)
    assert same(found, features)
    assert found.patches.dtype == dtype
    assert found.embedding.dtype == torch.float32


@pytest.mark.parametrize(
    ("network", "key"),
    [
        ({**NETWORK, "grid": 4}, KEY),
        (NETWORK, {**KEY, "faces": "abd"}),
        (NETWORK, {**KEY, "query": {"kind": "mask", "seed": 1}}),
        (NETWORK, {**KEY, "query": {"kind": "mask", "seed": 0, "settings": {"kinds": ["cloth"]}}}),
    ],
)
def test_another_key_or_network_has_features_of_its_own(tmp_path: Path, network: dict, key: dict) -> None:
    write(tmp_path, some_features())
    assert FeatureStore(tmp_path, network).read(key) is None


def test_where_the_weights_lie_and_the_order_of_settings_do_not_matter(tmp_path: Path) -> None:
    features = some_features()
    write(tmp_path, features)
    elsewhere = {**dict(reversed(NETWORK.items())), "checkpoint": "/elsewhere/weights.dat"}
    assert same(FeatureStore(tmp_path, elsewhere).read(dict(reversed(KEY.items()))), features)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


DAMAGES: list[Callable[[Path], None]] = [flip_a_bit, cut, Path.unlink, lambda path: path.write_bytes(b"")]


@pytest.mark.parametrize("file", [*TENSORS, "meta.json", "meta.sha256"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_any_damage_is_found_told_and_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, file: str, damage: Callable[[Path], None]
) -> None:
    features = some_features()
    write(tmp_path, features)
    (entry,) = entries(tmp_path)
    damage(entry / file)
    assert store_of(tmp_path).read(KEY) is None
    assert f"The features stored in {entry} are damaged" in caplog.text
    assert "they are computed again" in caplog.text
    write(tmp_path, features)
    assert same(store_of(tmp_path).read(KEY), features)


def test_a_description_that_was_edited_is_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A grid of 4x3 would fit the patches as well as 3x4 does."""
    write(tmp_path, some_features())
    (entry,) = entries(tmp_path)
    meta = (entry / "meta.json").read_text()
    edited = meta.replace('"grid": [\n  3,\n  4\n ]', '"grid": [\n  4,\n  3\n ]')
    assert edited != meta
    (entry / "meta.json").write_text(edited)
    assert store_of(tmp_path).read(KEY) is None
    assert "meta.json was changed" in caplog.text


def test_an_entry_under_the_name_of_another_is_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, some_features())
    (entry,) = entries(tmp_path)
    other = {**KEY, "faces": "other"}
    with store_of(tmp_path).writer(other, FACES) as writer:
        writer.append(some_features())
    (there,) = set(entries(tmp_path)) - {entry}
    shutil.rmtree(there)
    entry.rename(there)
    assert store_of(tmp_path).read(other) is None
    assert "belongs to another entry" in caplog.text


def test_features_in_use_outlive_their_entry(tmp_path: Path) -> None:
    features = some_features()
    written = write(tmp_path, features)
    found = store_of(tmp_path).read(KEY)
    shutil.rmtree(tmp_path / "features")
    assert same(written, features)
    assert same(found, features)


def test_features_that_are_not_whole_are_not_stored(tmp_path: Path) -> None:
    with store_of(tmp_path).writer(KEY, FACES) as writer:
        writer.append(some_features()[:4])
        with pytest.raises(ValueError, match="4 of 10 faces"):
            writer.features()
    assert store_of(tmp_path).read(KEY) is None
    assert list((tmp_path / "features").iterdir()) == []


# Another process: ARGV is the cache, what to do half-way, and a number that its features are made of.
WRITER = f"""
import os, signal, sys, time
from pathlib import Path
import torch
from fdemd.cache.features import FeatureStore
from fdemd.features import Features

cache, half_way, number = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
features = Features(torch.full(({FACES}, 7), number), torch.full(({FACES}, 12, 5), number).half(), (3, 4),
                    torch.full(({FACES}, 68, 2), number))
with FeatureStore(cache, {NETWORK}).writer({KEY}, {FACES}) as writer:
    writer.append(features[:4])
    if half_way == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    (cache / half_way).touch()
    while len(list(cache.glob("writer*"))) < 2:
        time.sleep(0.01)
    writer.append(features[4:])
    found = writer.features()
assert (found.patches == number).all() and (found.embedding == number).all(), "not what this process wrote"
"""


def start(cache: Path, half_way: str, number: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(cache), half_way, str(number)], stderr=subprocess.PIPE, text=True
    )


def test_two_processes_that_write_the_same_both_finish(tmp_path: Path) -> None:
    """Both are half-way before either goes on; numbers that differ tell which one's were kept."""
    both = [start(tmp_path, f"writer {number}", number) for number in (1, 2)]
    for process in both:
        assert process.wait(60) == 0, process.communicate()[1]
    found = store_of(tmp_path).read(KEY)
    assert len(found.patches.unique()) == 1
    assert found.patches.unique() == found.embedding.unique() == found.landmarks.unique()
    assert len(list((tmp_path / "features").iterdir())) == 1


def test_a_killed_run_leaves_nothing_that_is_used_or_that_stays(tmp_path: Path) -> None:
    assert start(tmp_path, "die", 1).wait(60) < 0
    (left,) = (tmp_path / "features").iterdir()
    assert store_of(tmp_path).read(KEY) is None
    features = some_features()
    write(tmp_path, features)
    assert not left.exists()
    assert same(store_of(tmp_path).read(KEY), features)


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"features cannot be written .*data\.cache=PATH.*features\.store=false"):
        store_of(tmp_path / "file").writer(KEY, FACES)


def test_a_disk_without_room_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features = some_features()
    size = sum(getattr(features, name).nbytes for name in TENSORS)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=size - 1))
    with store_of(tmp_path).writer(KEY, FACES) as writer, pytest.raises(InputError, match="no room for the features"):
        writer.append(features[:1])
    assert list((tmp_path / "features").iterdir()) == []


def test_a_disk_that_fails_half_way_is_reported(tmp_path: Path) -> None:
    """The kernel refuses files beyond a limit, as it does on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        with pytest.raises(InputError, match=r"features cannot be written \(File too large\)"):
            write(tmp_path, some_features())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list((tmp_path / "features").iterdir()) == []
