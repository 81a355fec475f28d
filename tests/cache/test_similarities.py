"""Similarities on disk: given back bit by bit, or computed again; and given where they cannot be stored."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fdemd.cache.entries import entries
from fdemd.cache.similarities import Computed, SimilarityStore

COMPUTED = {
    "similarity": torch.rand(4, 3, generator=torch.Generator().manual_seed(0)),
    "fallback": torch.tensor([[True, False, True]] * 4),
    "nothing": torch.zeros(4, 0),
}
CANDIDATES = torch.arange(12).view(4, 3)


def get(cache: Path, **key: object) -> tuple[Computed, bool]:
    """What the store gives, and whether it was computed for it."""
    store, calls = SimilarityStore(cache, {"of": "a test", **key}), []
    found = store.get(slice(0, 4), CANDIDATES, lambda: calls.append(1) or COMPUTED)
    assert store.seconds >= 0
    assert store.stored == (not calls)
    return found, bool(calls)


def is_right(found: Computed) -> bool:
    return found.keys() == COMPUTED.keys() and all(torch.equal(found[name], COMPUTED[name]) for name in COMPUTED)


def test_what_was_computed_is_read(tmp_path: Path) -> None:
    for expected in (True, False):
        found, computed = get(tmp_path)
        assert computed == expected
        assert is_right(found)
    found["similarity"] += 1  # it is the caller's
    assert is_right(get(tmp_path)[0])
    assert get(tmp_path, of="another")[1]


def zero_the_tail(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("file", ["similarity", "fallback", "meta.json", "meta.sha256"])
@pytest.mark.parametrize("damage", [zero_the_tail, cut, Path.unlink])
def test_any_damage_is_found_told_and_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, file: str, damage: Callable[[Path], None]
) -> None:
    get(tmp_path)
    (entry,) = entries(tmp_path)
    damage(entry / file)
    found, computed = get(tmp_path)
    assert computed
    assert is_right(found)
    assert f"The similarities stored in {entry} are damaged" in caplog.text
    assert get(tmp_path)[1] is False


def test_an_archive_of_an_earlier_version_is_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    get(tmp_path)
    (entry,) = entries(tmp_path)
    for path in entry.iterdir():
        path.unlink()
    (entry / "computed.npz").write_bytes(b"PK")
    assert is_right(get(tmp_path)[0])
    assert "without checksums, by an earlier version of fdemd" in caplog.text
    assert get(tmp_path)[1] is False


def test_where_nothing_can_be_stored_it_is_told_once_and_given(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    store = SimilarityStore(tmp_path / "file", {})
    for rows in (slice(0, 4), slice(4, 8)):
        assert is_right(store.get(rows, CANDIDATES, lambda: COMPUTED))
    (record,) = caplog.records
    assert "computed, but not stored" in record.message
    assert "similarities cannot be written (Not a directory); make room" in record.message


def test_a_full_disk_is_told_with_its_need(small_disk, caplog: pytest.LogCaptureFixture) -> None:
    disk = small_disk(1)
    (disk / "ballast").write_bytes(bytes(900_000))
    large = {"similarity": torch.rand(100_000)}
    store = SimilarityStore(disk, {})
    assert store.get(slice(0, 4), CANDIDATES, lambda: large)["similarity"] is large["similarity"]
    assert f"{disk / 'similarities'} has no room for the similarities: 400.0 kB are needed" in caplog.text
    assert list((disk / "similarities").iterdir()) == []
