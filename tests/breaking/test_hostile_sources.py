"""Archives, packs, records and pictures that were made to hang, to fill the memory or to lose something.

Each is read in a process of its own with little memory and little time, so that a hang and a flood are failures.
"""

from __future__ import annotations

import io
import json
import pickle
import random
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.__main__ import main
from data_prep.downloads import open_download
from data_prep.layouts import LAYOUTS
from fdemd.data.manifest_file import read_manifest
from tests.breaking.conftest import Tally
from tests.data_prep.conftest import picture, write_tar, write_tree, write_zip
from tests.data_prep.made_records import pack as write_records

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).resolve().parents[2]
ROOM, SECONDS = 1 << 30, 20
"""Bytes that a process may take, its libraries included, and time that it may spend on one file."""
PROGRAM = """
import io, json, resource, signal, sys
from pathlib import Path
from data_prep.casia import open_packed
from data_prep.opening import open_container
from data_prep.packs import read_pack
from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError, read_image

def archive(path):
    container = open_container(path, path.parent / "work" / path.name)
    members, unused = container.listing()
    read = {}
    for number, member in enumerate(members):
        try:
            read[number] = container.read(member.key, member.size).hex() if member.size < 1000 else ""
        except UnreadableImageError as error:
            assert "\\n" not in str(error)
    return [len(members), len(unused), read]

def records(path):
    source = open_packed(path)
    return [len(source.items), len(source.unused)]

def pack(path):
    return sum(map(len, read_pack(path).images))

def image(path):
    pixels = read_image(path)
    assert pixels.dtype == "uint8" and pixels.ndim == 3 and pixels.shape[2] == 3 and min(pixels.shape[:2]) >= 16
    return pixels.shape

kind, folder, room, seconds = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_AS, (int(room), int(room)))
for path in sorted(Path(folder).iterdir(), key=lambda path: path.name):
    if path.suffix in (".idx", "") or path.name == "property":
        continue
    signal.alarm(int(seconds))
    try:
        outcome = ["read", globals()[kind](path)]
    except (InputError, UnreadableImageError) as error:
        assert "\\n" not in str(error), error
        outcome = ["refused", str(error)]
    print(json.dumps([path.name, *outcome]), flush=True)
"""
Outcomes = dict[str, tuple[str, object]]


def tried(kind: str, folder: Path) -> Outcomes:
    """File -> whether it was read or refused, and what came of it; one that ended the process is not in it."""
    command = [sys.executable, "-c", PROGRAM, kind, folder, str(ROOM), str(SECONDS)]
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        command, capture_output=True, timeout=300, check=False, text=True, env=environment, cwd=REPOSITORY
    )
    outcomes = {name: (word, found) for name, word, found in map(json.loads, done.stdout.splitlines())}
    if done.returncode:
        print(len(outcomes), "files, then", done.returncode, done.stderr[-3000:])
    return outcomes


def mutated(content: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, a number made huge, a piece lost, doubled or moved, or the end cut off."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(changed))
        match rng.randrange(6):
            case 0:
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4), b"\x80\0\0\0"))
            case 2:
                del changed[at : at + rng.randrange(1, 40)]
            case 3:
                changed[at:at] = changed[at : at + rng.randrange(1, 600)]
            case 4:
                changed[at : at + 8] = rng.randbytes(8)
            case 5:
                del changed[max(at, 20) :]
    return bytes(changed)


def header(name: bytes = b"Ann/1.jpg", size: bytes = b"00000000010\0", kind: bytes = b"0", data: bytes = b"") -> bytes:
    """A tar header whose checksum is right, whatever else it says, and blocks of data."""
    block = bytearray(tarfile.BLOCKSIZE)
    block[: len(name)], block[100:108], block[124:136], block[156:157] = name, b"0000644\0", size, kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + data + bytes(-len(data) % tarfile.BLOCKSIZE)


def binary(number: int) -> bytes:
    """A size as GNU tar writes those that octal digits cannot."""
    return (b"\xff" if number < 0 else b"\x80") + number.to_bytes(11, "big", signed=True)


def hostile_tars() -> dict[str, bytes]:
    """Name -> archive; every one of them hung, ran out of memory or lost files once, or might have."""
    end = bytes(1024)
    good = header(data=b"01234567")
    sizes = {
        "minus one": binary(-1),
        "back to the beginning": binary(-512),
        "far back": binary(-(1 << 40)),
        "octal minus": b"-0000000777\0",
        "gigabytes": b"77777777777\0",
        "beyond all": binary((1 << 62) - 1),
        "nonsense": b"size?size?s\0",
    }
    tars = {
        f"{kind!r} of size {name}": good + header(size=size, kind=kind, data=b"x" * 600) + good + end
        for name, size in sizes.items()
        for kind in (b"0", b"L", b"K", b"x", b"g", b"S", b"5", b"2", b"Z")
    }
    for name, fields in {
        "a negative size": b"15 size=-512\n\0\0",
        "a gigantic size": b"27 size=1152921504606846976\n",
        "keys as long as the header": b"2 " * 30_000 + b"=",
        "a length of nothing": b"0 path=x\n",
        "a length beyond": b"99999999 path=x\n",
        "a million fields": b"6 a=b\n" * 100_000,
        "a map of holes": b"24 GNU.sparse.size=1000\n" + b"26 GNU.sparse.numblocks=9\n",
        "holes of the third kind": b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n",
        "a path that leads out": b"30 path=../../../etc/passwd.jpg\n"[:0] + b"22 path=../../out.jpg\n",
        "a path of a mebibyte": b"1000014 path=" + b"n" * 1_000_000 + b"\n",
    }.items():
        for kind in (b"x", b"g"):
            size = b"%011o\0" % len(fields)
            tars[f"{kind!r} with {name}"] = good + header(size=size, kind=kind, data=fields) + good + end
    common = b"".join(b"%d key%06d=b\n" % (len(b"%06d" % n) + 10, n) for n in range(900))
    tars["fields for all, again and again"] = (
        b"".join(
            header(size=b"%011o\0" % len(common), kind=b"g", data=common.replace(b"key", b"k%02d" % (n % 100)))
            for n in range(40)
        )
        + good * 5000
        + end
    )
    tars["names of names of names"] = header(size=b"%011o\0" % 5, kind=b"L", data=b"name\0") * 5000 + good + end
    tars["fields of fields of fields"] = header(size=b"%011o\0" % 12, kind=b"x", data=b"12 path=abc\n") * 5000 + good
    tars["a damaged header amid"] = good + good.replace(b"Ann", b"Bob") + good + end
    tars["half a header"] = good + good[:300]
    tars["no data"] = good[:512]
    return tars


def hostile_zips() -> dict[str, bytes]:
    """Name -> archive."""
    zips = {}
    for name, method in {
        "bzip2": zipfile.ZIP_BZIP2,
        "lzma": zipfile.ZIP_LZMA,
        "deflated": zipfile.ZIP_DEFLATED,
    }.items():
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive, archive.open("Ann/1.jpg", "w") as member:
            for _ in range(120):
                member.write(bytes(1 << 20))
        content = bytearray(file.getvalue())
        at = content.rindex(b"PK\x01\x02")
        content[at + 24 : at + 28] = struct.pack("<I", 20 << 20)  # of 120 MiB
        zips[f"{name} that unpacks to more than it says"] = bytes(content)
        content[at + 20 : at + 24] = struct.pack("<I", 0xFFFFFFF0)
        zips[f"{name} of gigabytes"] = bytes(content)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("Ann/1.jpg", b"content")
    content = bytearray(file.getvalue())
    at = content.rindex(b"PK\x01\x02")
    for offset, value in ((42, 0xFFFFFF00), (42, 3), (20, 0xFFFFFF00), (24, 0x03000000), (10, 99), (10, 14), (10, 12)):
        changed = bytearray(content)
        width = 2 if offset == 10 else 4
        changed[at + offset : at + offset + width] = value.to_bytes(width, "little")
        zips[f"byte {offset} is {value}"] = bytes(changed)
    return zips


def check(
    kind: str, folder: Path, files: dict[str, bytes], held: Callable[[str, object], bool], ending: str
) -> tuple[int, int]:
    """How many were tried and how many held, of files by name."""
    folder.mkdir()
    names = {f"{number:04d}.{ending}": name for number, name in enumerate(files)}
    for file, name in names.items():
        (folder / file).write_bytes(files[name])
    outcomes = tried(kind, folder)
    failed = [name for file, name in names.items() if file not in outcomes or not held(*outcomes[file])]
    if failed:
        print(len(failed), "did not hold:", failed[:20], [outcomes.get(f) for f, n in names.items() if n in failed][:5])
    return len(names), len(names) - len(failed)


def test_hostile_tars(tmp_path: Path, tally: Tally) -> None:
    tars = hostile_tars()
    tally("hostile tar headers, 1 GiB of memory", *check("archive", tmp_path / "tars", tars, lambda *_: True, "tar"))


def test_hostile_zips(tmp_path: Path, tally: Tally) -> None:
    zips = hostile_zips()

    def nothing_wrong(word: str, found: object) -> bool:
        return word == "refused" or all(content in ("", b"content".hex()) for content in found[2].values())  # type: ignore[index]

    tally("hostile zip entries, 1 GiB of memory", *check("archive", tmp_path / "zips", zips, nothing_wrong, "zip"))


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_damaged_archives_lose_nothing_without_a_word(tmp_path: Path, tally: Tally, ending: str) -> None:
    rng = random.Random(ending)
    files = {f"set/Ann/{number}.jpg": rng.randbytes(700) for number in range(8)}
    if ending == "zip":
        whole = write_zip(tmp_path / "whole", files).read_bytes()
    else:
        mode = {"tar": "w", "tar.gz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}[ending]
        whole = write_tar(tmp_path / "whole", files, mode).read_bytes()
    contents = {content.hex() for content in files.values()}

    def held(word: str, found: object) -> bool:
        if word == "refused":
            return True
        members, unused, read = found  # type: ignore[misc]
        # Nothing in a tar archive vouches for what its members hold.
        return members + unused >= len(files) and (ending == "tar" or set(read.values()) <= contents)

    damaged = {str(number): mutated(whole, rng) for number in range(150)}
    found = check("archive", tmp_path / "damaged", damaged, held, ending)
    tally(f"damaged .{ending} archives: refused, or every file read or listed", *found)


def test_damaged_packs(tmp_path: Path, tally: Tally) -> None:
    rng = random.Random(0)
    pictures = [rng.randbytes(300) for _ in range(8)]
    arrays = [np.frombuffer(content, np.uint8).copy() for content in pictures]
    wholes = [pickle.dumps((held, [True, False] * 2), p) for held in (pictures, arrays) for p in range(6)]
    packs = {str(number): mutated(wholes[number % len(wholes)], rng) for number in range(400)}
    text = b"X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20) + b"q\x00"
    encode = b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R"
    once = b"\x96" + struct.pack("<Q", 1 << 20) + bytes(1 << 20) + b"q\x00"
    for name, content in {
        "40 GB of one string": text + b"](" + encode * 40_000 + b"e](" + b"\x88\x89" * 10_000 + b"e\x86.",
        "40 GB of one array": once + b"](" + b"h\x00" * 40_000 + b"e](" + b"\x88\x89" * 10_000 + b"e\x86.",
        "lists in lists": b"]" * 1_000_000 + b"a" * 999_999 + b".",
        "tuples in tuples": b")" + b"\x85" * 1_000_000 + b".",
        "a list in itself": b"]q\x00h\x00a" + b"h\x00e" * 10 + b".",
        "a memo of a million": b"N" + b"\x94" * 1_000_000 + b".",
        "a string of exabytes": b"\x8d" + b"\xff" * 7 + b"\x0f" + b"abc.",
        "bytes of gigabytes": b"B\xff\xff\xff\x7fabc.",
        "a number of a megabyte": b"\x8b" + struct.pack("<i", 1 << 20) + b"\x7f" * (1 << 20) + b".",
        "a number in digits": b"L" + b"9" * 1_000_000 + b"L\n.",
        "calls of calls": b"c_codecs\nencode\n" + b")R" * 1_000_000 + b".",
    }.items():
        packs[name] = b"\x80\x05" + content
    tally("damaged and hostile packs", *check("pack", tmp_path / "packs", packs, lambda *_: True, "bin"))


def test_damaged_records(tmp_path: Path, tally: Tally) -> None:
    rng = random.Random(0)
    whole, folder = tmp_path / "whole", tmp_path / "records"
    write_records(whole)
    folder.mkdir()
    for number in range(200):
        record, index = (whole / "train.rec").read_bytes(), (whole / "train.idx").read_bytes()
        (folder / f"{number:04d}.rec").write_bytes(mutated(record, rng) if number % 3 else record)
        if number % 2:
            (folder / f"{number:04d}.idx").write_bytes(index if number % 3 else mutated(index, rng))
    magic = b"\x0a\x23\xd7\xce"
    for name, content in {
        "nothing but beginnings": (magic + struct.pack("<I", 1 << 29 | 1 << 19)) * (1 << 18),
        "nothing but whole ones": (magic + struct.pack("<I", 0)) * (1 << 18),
        "nothing but middles": magic + struct.pack("<I", 1 << 29) + (magic + struct.pack("<I", 2 << 29)) * (1 << 18),
        "beginnings at odd places": (magic + struct.pack("<I", 1 << 29 | 1 << 20) + b"x") * (1 << 18),
    }.items():
        (folder / f"{name}.rec").write_bytes(content)
    outcomes = tried("records", folder)
    wanted = sorted(path.name for path in folder.glob("*.rec"))
    lost = [
        name
        for name in wanted
        if name not in outcomes
        # An undamaged file gives its six pictures or tells of each that the index does not have.
        or (name[0].isdigit() and not int(name[:4]) % 3 and outcomes[name][0] == "read" and sum(outcomes[name][1]) < 6)  # type: ignore[arg-type]
    ]
    print(lost)
    tally("damaged records and indices", len(wanted), len(wanted) - len(lost))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "MPO"])
def test_damaged_pictures(tmp_path: Path, tally: Tally, name: str) -> None:
    Image.init()
    if name not in Image.SAVE:
        pytest.skip(f"this Pillow was built without {name}")
    rng = random.Random(name)
    pictures = {}
    with Image.open(io.BytesIO(picture(0, 1))) as photograph:
        for mode in ("L", "RGB", "1", "P", "I;16", "RGBA", "CMYK"):
            file = io.BytesIO()
            try:
                levels = photograph.convert("I").convert(mode) if mode == "I;16" else photograph.convert(mode)
                levels.resize((64, 80)).save(file, name)
            except (OSError, ValueError, KeyError):
                continue  # a mode that the format does not have
            pictures |= {f"{mode} {number}": mutated(file.getvalue(), rng) for number in range(40)}
    tally(f"damaged {name} pictures", *check("image", tmp_path / "pictures", pictures, lambda *_: True, "jpg"))


SHAPES = [(16, 16), (16, 17), (19, 20), (20, 20), (16, 800), (800, 16), (20, 1000), (1000, 20), (40, 2000), (17, 500)]
LOOK = """
import sys
import numpy as np
from fdemd.faces.alignment import TEMPLATES
from fdemd.faces.photographs import Preprocessing, extract_face
from fdemd.faces.reading import UnreadableImageError
for detector in ("yunet", "dlib", "mtcnn"):
    for height, width in eval(sys.argv[1]):
        for fill in (0, 255, None):
            rng = np.random.default_rng(0)
            shape = (height, width, 3)
            image = rng.integers(0, 256, shape, dtype=np.uint8) if fill is None else np.full(shape, fill, np.uint8)
            try:
                preprocessing = Preprocessing("dlib", TEMPLATES["dlib"].frame, detector)
                face, faces, _ = extract_face(image, preprocessing, aligned=False)
                assert (face is None) == (faces == 0)
            except UnreadableImageError:
                pass
            print("held", flush=True)
"""


def test_detectors_on_odd_shapes(tally: Tally) -> None:
    command = [sys.executable, "-c", LOOK, repr(SHAPES)]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False, text=True, cwd=REPOSITORY)
    print(done.stderr[-2000:])
    tally("pictures of odd shapes, all three detectors", 3 * 3 * len(SHAPES), done.stdout.count("held"))


def odd_names(rng: random.Random) -> Iterator[str]:
    letters = "abcxyzABC012 ._-'\"&#%~\\\r\n\t\x1b\u0085\u2028\u202eé\u0301張🙂\udc80\udcff"
    for _ in range(40):
        parts = ["".join(rng.choices(letters, k=rng.choice((1, 2, 5, 20, 260)))) for _ in range(rng.choice((1, 2, 3)))]
        yield "/".join(["Ann", *(part.replace("..", "x") for part in parts)]) + rng.choice((".jpg", ".png", ".JPG", ""))


def test_odd_names_in_archives(tmp_path: Path, tally: Tally) -> None:
    rng = random.Random(0)
    times = held = 0
    for number in range(40):
        names = list(odd_names(rng))
        names += rng.choices(names, k=5)
        path = tmp_path / f"{number}.tar"
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT if number % 2 else tarfile.GNU_FORMAT) as archive:
            for at, name in enumerate(["Bob/good.jpg", *names]):
                entry = tarfile.TarInfo(name)
                entry.size = 4
                archive.addfile(entry, io.BytesIO(b"%04d" % at))
        source = open_download([path], tmp_path / "work", LAYOUTS["folder"])
        out = tmp_path / f"faces {number}"
        for item in source.items:
            (out / f"{item.name}.png").parent.mkdir(parents=True, exist_ok=True)
            (out / f"{item.name}.png").write_bytes(source.read(item))
        written = [(out / f"{item.name}.png").read_bytes() for item in source.items]
        times += len(names) + 1
        held += len(set(written)) + len(source.unused)
    tally("odd names in archives: a file of its own, or listed", times, held)


def test_hostile_pictures_among_good_ones_cost_nothing(tmp_path: Path, tally: Tally) -> None:
    good = {
        f"{person}/{number}.jpg": picture(at, number) for at, person in enumerate(("Ann", "Bob")) for number in (1, 2)
    }
    hostile = {}
    for name, size in {"strip": (16, 40_000), "upright": (40_000, 16), "bomb": (14_000, 14_000), "dot": (1, 1)}.items():
        file = io.BytesIO()
        Image.new("1", size).save(file, "PNG")
        hostile[f"Ann/{name}.jpg"] = file.getvalue()
    for name in ("EPS", "PDF", "TGA", "PCX", "ICO", "SGI"):
        file = io.BytesIO()
        Image.new("RGB", (90, 90)).save(file, name)
        hostile[f"Bob/{name}.jpg"] = file.getvalue()
    hostile["Bob/cut.jpg"] = picture(1, 3)[:3000]
    hostile["Bob/grey.pgm"] = b"P5\n64 64\n65535\n" + bytes(2 * 64 * 64)
    folder, out = write_tree(tmp_path / "people", good | hostile), tmp_path / "out"
    assert main(["folder", "--source", str(folder), "--out", str(out), "--template", "dlib", "--workers", "1"]) == 0
    manifest = read_manifest(out / "manifest.csv")
    rows = {row.path for row in manifest.photographs}
    report = json.loads((manifest.root / "report.json").read_text())
    assert rows == {f"faces/{name.removesuffix('.jpg')}.png" for name in good}
    tally("hostile pictures in a folder of good ones", len(hostile), sum(report["without a face"].values()))
