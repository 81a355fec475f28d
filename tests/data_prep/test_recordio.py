"""RecordIO is read as its documentation says it is written; damage is told by number and costs nothing else."""

import struct
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest

from data_prep import recordio
from data_prep.recordio import DamagedRecordError, Place, Record, RecordFile, open_records, read_record
from fdemd.errors import InputError

MAGIC = bytes.fromhex("0a23d7ce")


def part(flag: int, data: bytes) -> bytes:
    """One part of a record: magic word, flag and length, data, padding."""
    return MAGIC + ((flag << 29) | len(data)).to_bytes(4, "little") + data + bytes((4 - len(data) % 4) % 4)


def record(data: bytes) -> bytes:
    """A record as dmlc-core's writer makes it: divided at every magic word that stands at a multiple of 4."""
    pieces, start = [], 0
    for at in range(0, len(data) - 3, 4):
        if data[at : at + 4] == MAGIC:
            pieces.append(data[start:at])
            start = at + 4
    pieces.append(data[start:])
    if len(pieces) == 1:
        return part(0, data)
    flags = [1] + [2] * (len(pieces) - 2) + [3]
    return b"".join(part(flag, piece) for flag, piece in zip(flags, pieces, strict=True))


def face(number: int, labels: Sequence[float], content: bytes) -> bytes:
    """``mxnet.recordio.pack``: one label in the header, several after it."""
    if len(labels) == 1:
        return struct.pack("<IfQQ", 0, labels[0], number, 0) + content
    return struct.pack(f"<IfQQ{len(labels)}f", len(labels), 0, number, 0, *labels) + content


FACES = [
    Record(1, (7.0,), 1, b"first picture"),
    Record(2, (7.0, 0.25, -3.5), 2, b"with landmarks!"),
    Record(3, (8.0,), 3, b"0123" + MAGIC + b"in the middle" + MAGIC),
    Record(4, (8.0,), 4, MAGIC + MAGIC + b"at the beginning"),
    Record(5, (8.0,), 5, b"x" + MAGIC + b"not at a multiple of 4"),
    Record(6, (1.0, 3.0), 6, b""),
    Record(7, (3.0, 6.0), 7, b""),
    Record(0, (6.0, 8.0), 0, b""),
]
"""A set as InsightFace writes it: pictures, then a record a person, then the summary, which has the number 0."""


def write(folder: Path, faces: Sequence[Record], index: bool = True) -> tuple[Path, list[int]]:
    """The file of records and where each begins."""
    positions, content = [], b""
    for entry in faces:
        positions.append(len(content))
        content += record(face(entry.id, entry.labels, entry.content))
    path = folder / "train.rec"
    path.write_bytes(content)
    if index:
        lines = (f"{entry.number}\t{position}\n" for entry, position in zip(faces, positions, strict=True))
        (folder / "train.idx").write_text("".join(lines))
    return path, positions


def damaged(records: RecordFile) -> list[int]:
    found = [*records.damaged, *(entry for _, entry in records if isinstance(entry, DamagedRecordError))]
    return sorted(entry.number for entry in found)


def kept(records: RecordFile) -> list[Record]:
    return [entry for _, entry in records if isinstance(entry, Record)]


def overwrite(path: Path, position: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        file.write(content)


def test_every_record_is_read_exactly(tmp_path: Path) -> None:
    records = open_records(write(tmp_path, FACES)[0])
    assert kept(records) == FACES
    places = [place for place, _ in records]
    with records.path.open("rb") as file:
        assert [read_record(file, place) for place in reversed(places)] == FACES[::-1]


def test_without_an_index_records_are_numbered_as_they_lie(tmp_path: Path) -> None:
    records = open_records(write(tmp_path, FACES, index=False)[0])
    assert kept(records) == [entry._replace(number=place) for place, entry in enumerate(FACES)]


def test_an_index_may_name_some_of_the_records_in_any_order(tmp_path: Path) -> None:
    path, positions = write(tmp_path, FACES)
    (tmp_path / "some.idx").write_text(f"40 {positions[4]}\n20 {positions[1]}\n")
    records = open_records(path, tmp_path / "some.idx")
    assert [entry.content for entry in kept(records)] == [FACES[4].content, FACES[1].content]
    assert records.unlisted == tuple(position for number, position in enumerate(positions) if number not in (1, 4))


@pytest.mark.parametrize("listed", [[], [0], [7], [0, 7], [3, 4], list(range(8))])
def test_every_record_is_listed_or_told(tmp_path: Path, listed: list[int]) -> None:
    path, positions = write(tmp_path, FACES)
    lines = [f"{number}\t{positions[number]}\n" for number in listed]
    (tmp_path / "train.idx").write_text("".join(lines) or f"99\t{positions[0] + 1}\n")
    records = open_records(path)
    assert len(kept(records)) == len(listed)
    assert records.unlisted == tuple(positions[number] for number in range(8) if number not in listed)


def test_a_position_that_the_index_has_twice_is_reported(tmp_path: Path) -> None:
    path, positions = write(tmp_path, FACES)
    wrong = [positions[0], positions[1], positions[0], *positions[3:]]
    (tmp_path / "train.idx").write_text("".join(f"{number}\t{at}\n" for number, at in enumerate(wrong, start=1)))
    records = open_records(path)
    assert [str(damage) for damage in records.damaged] == [
        "record 3: the index has it at byte 0, where it has record 1"
    ]
    assert records.unlisted == (positions[2],)
    assert [entry.number for entry in kept(records)] == [1, 2, 4, 5, 6, 7, 8]


def test_records_behind_a_damaged_one_that_the_index_does_not_list_are_reported(tmp_path: Path) -> None:
    path, positions = write(tmp_path, FACES)
    (tmp_path / "train.idx").write_text(f"1\t{positions[0]}\n2\t{positions[1]}\n")
    overwrite(path, positions[1], b"????")
    records = open_records(path)
    assert damaged(records) == [2]
    assert records.unlisted == tuple(positions[2:])


def test_positions_outside_the_file_are_damage(tmp_path: Path) -> None:
    path, positions = write(tmp_path, FACES)
    (tmp_path / "train.idx").write_text(f"1\t-8\n2\t{positions[1]}\n3\t{1 << 60}\n")
    records = open_records(path)
    assert damaged(records) == [1, 3]
    assert records.unlisted == (positions[0], *positions[2:])


def test_no_record_is_larger_than_a_photograph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = write(tmp_path, FACES)
    monkeypatch.setattr(recordio, "LARGEST_MEMBER", 39)
    assert damaged(open_records(path)) == [2, 3, 4, 5], "one whole, two in parts, one whole"


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("cut", [4, 8, 20, 31, 33, 38])
def test_no_cut_makes_a_record_look_whole(tmp_path: Path, cut: int, index: bool) -> None:
    path, positions = write(tmp_path, [entry._replace(number=place) for place, entry in enumerate(FACES[:2])], index)
    with path.open("r+b") as file:
        file.truncate(positions[0] + cut)
    records = open_records(path)
    assert damaged(records) == ([0, 1] if index else [0])
    assert kept(records) == []


@pytest.mark.parametrize("index", [True, False])
def test_a_file_cut_short_keeps_the_records_before_the_cut(tmp_path: Path, index: bool) -> None:
    faces = [entry._replace(number=place) for place, entry in enumerate(FACES[:5])]
    path, positions = write(tmp_path, faces, index)
    with path.open("r+b") as file:
        file.truncate(positions[3] + 30)
    records = open_records(path)
    assert damaged(records) == ([3, 4] if index else [3]), "without an index nobody knows that there was a fifth"
    assert kept(records) == faces[:3]


DAMAGE = {
    "its magic word": (0, b"????"),
    "too great a length": (4, (200).to_bytes(4, "little")),
    "a length beyond the file": (4, (1 << 28).to_bytes(4, "little")),
    "its flag": (4, (3 << 29 | 37).to_bytes(4, "little")),
    "the number of its labels": (8, (1 << 30).to_bytes(4, "little")),
}


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("kind", DAMAGE)
def test_one_damaged_record_costs_no_other(tmp_path: Path, kind: str, index: bool) -> None:
    faces = [entry._replace(number=place) for place, entry in enumerate(FACES[:5])]
    path, positions = write(tmp_path, faces, index)
    offset, content = DAMAGE[kind]
    overwrite(path, positions[1] + offset, content)
    records = open_records(path)
    assert damaged(records) == [1]
    assert kept(records) == faces[:1] + faces[2:]


def test_too_small_a_length_is_noticed_by_the_index(tmp_path: Path) -> None:
    path, positions = write(tmp_path, FACES)
    overwrite(path, positions[1] + 4, (39).to_bytes(4, "little"))
    assert damaged(open_records(path)) == [2]


def test_bytes_that_are_lost_do_not_hide_the_records_behind_them(tmp_path: Path) -> None:
    path, positions = write(tmp_path, FACES, index=False)
    content = path.read_bytes()
    path.write_bytes(content[: positions[2] + 10] + content[positions[2] + 13 :])
    records = open_records(path)
    assert damaged(records) == [2]
    assert [entry.content for entry in kept(records)] == [entry.content for entry in (*FACES[:2], *FACES[3:])]


def test_a_record_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    path, positions = write(tmp_path, FACES)
    overwrite(path, positions[1], b"????")
    with (
        path.open("rb") as file,
        pytest.raises(DamagedRecordError, match=f"record 2: byte {positions[1]} should begin with the magic word"),
    ):
        read_record(file, Place(2, positions[1], positions[2]))


def test_large_files_are_not_held_in_memory(tmp_path: Path) -> None:
    faces = [Record(number, (0.0,), number, bytes([number]) * 1_000_000) for number in range(24)]
    path, _ = write(tmp_path, faces, index=False)
    tracemalloc.start()
    assert sum(1 for _ in open_records(path)) == 24
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("train.rec", b"PK\3\4 an archive", "not a RecordIO file"),
        ("train.rec", b"", "not a RecordIO file"),
        ("train.idx", b"0\tzero\n", "not an index of records"),
        ("train.idx", b"0\t0\t0\n", "has 3 numbers a line"),
        ("train.idx", b"", "is empty"),
        ("train.idx", b"0\t0\n0\t60\n", "record 0 twice"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_files_of_another_kind_are_refused(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    path, _ = write(tmp_path, FACES)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        open_records(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"train\.rec cannot be read"):
        open_records(tmp_path / "train.rec")
