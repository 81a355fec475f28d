"""Folders of people with every kind of name, hidden copy and permission: each file is used or listed, once."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fdemd.data.manifest import Manifest
from fdemd.data.manifest_file import read_manifest, write_manifest
from fdemd.data.names import identity_of
from fdemd.data.sources import folder_manifest, orl_manifest
from fdemd.errors import InputError
from fdemd.faces.photographs import Preprocessing, extract_face
from fdemd.faces.reading import read_image

Tally = Callable[[str, int, int], None]
PIECES = [
    *(b"a", b"Z", b"0", b" ", b".", b"-", b"=", b"@", b'"', b"'", b",", b";", b"#", b"%", b"\\", b"|", b"\t", b"\r"),
    *(
        b"\n",
        b"\x1b",
        b"\x7f",
        b"\x80",
        b"\xff",
        b"\xc3\xa9",
        b"e\xcc\x81",
        b"\xe2\x80\xae",
        b"\xef\xbb\xbf",
        b"\xc2\xa0",
    ),
]
pytestmark = pytest.mark.slow


def name(rng: random.Random, longest: int = 12) -> str:
    """A name that a disk can hold and that nobody hides."""
    while True:
        found = b"".join(rng.choices(PIECES, k=rng.randint(1, longest)))
        if not found.startswith(b".") and identity_of(os.fsdecode(found)):
            return os.fsdecode(found)


def test_folders_of_odd_names_lose_nothing(tmp_path: Path, tally: Tally) -> None:
    """Walked, written as a manifest, read back: the same photographs, all of them on the disk."""
    rng, times, held = random.Random(0), 200, 0
    for number in range(times):
        root = tmp_path / str(number)
        made = set()
        for _ in range(12):
            path = f"{name(rng)}/{name(rng)}.jpg"
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()
            made.add(path)
        manifest = folder_manifest(str(root))
        write_manifest(manifest, root / "list.csv")
        again = read_manifest(root / "list.csv")
        held += {row.path for row in manifest.photographs} == made and again == Manifest(root, manifest.photographs)
    tally("folders of people with control characters, backslashes, blanks and broken UTF-8 in their names", times, held)


def test_damaged_manifests_are_refused_with_a_sentence(tmp_path: Path, tally: Tally) -> None:
    """Bytes flipped, cut, doubled: it is read, or there is one sentence that names the file."""
    rng, times, held = random.Random(1), 500, 0
    write_manifest(orl_manifest(), tmp_path / "good.csv")
    good = (tmp_path / "good.csv").read_bytes()[:2000]
    for _ in range(times):
        bad = bytearray(good)
        for _ in range(rng.randint(1, 20)):
            at = rng.randrange(len(bad))
            bad[at : at + rng.randint(0, 3)] = rng.choice([rng.randbytes(1), rng.choice(PIECES), b'"', b"\0", b"..//"])
        (tmp_path / "bad.csv").write_bytes(bad)
        try:
            held += len(read_manifest(tmp_path / "bad.csv")) > 0
        except InputError as error:
            held += "bad.csv" in str(error) or "stands twice" in str(error)
    tally("damaged manifests", times, held)


def test_every_file_is_used_or_listed_under_any_permissions(
    tmp_path: Path, as_other_user: list[str], tally: Tally
) -> None:
    rng, times, held = random.Random(2), 12, 0
    count = "import sys; from fdemd.data.sources import folder_manifest as read; m = read(sys.argv[1]); "
    count += "print(*[row.path for row in m.photographs], *[path for path, _ in m.ignored], sep='\\n')"
    for number in range(times):
        root = tmp_path / str(number)
        for person in range(8):
            for photograph in range(3):
                file = root / f"p{person}" / rng.choice(["", "sub"]) / f"{photograph}.jpg"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch(mode=rng.choice([0o644, 0o000]))
        locked = [root / f"p{person}" for person in range(2, 8) if rng.random() < 0.5]
        modes = {folder: rng.choice([0o000, 0o100, 0o400]) for folder in locked}
        for folder, mode in modes.items():
            folder.chmod(mode)
        command = [*as_other_user, sys.executable, "-c", count, str(root)]
        listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
        for folder in locked:
            folder.chmod(0o755)
        files = [file.relative_to(root).as_posix() for file in root.rglob("*.jpg")]
        covered = [file for file in files if any(file == path or file.startswith(f"{path}/") for path in listed)]
        held += len(covered) == len(files) and len(set(listed)) == len(listed)
    tally("folders of people, some without permission, read as another user", times, held)


def test_turned_photographs_give_the_face_of_the_upright_ones(tally: Tally) -> None:
    """AT&T, every twentieth photograph, in three other positions."""
    preprocessing = Preprocessing("dlib", (150, 150), "dlib")
    manifest, times, held = orl_manifest(), 0, 0
    for photograph in manifest.photographs[::20]:
        image = read_image(manifest.file(photograph))
        expected = extract_face(image, preprocessing, aligned=False).face
        assert expected is not None
        for turns in (1, 2, 3):
            found = extract_face(np.rot90(image, turns), preprocessing, aligned=False).face
            times += 1
            held += found is not None and np.abs(found.landmarks - expected.landmarks).mean() < 5
    tally("AT&T photographs lying on a side or upside down", times, held)
