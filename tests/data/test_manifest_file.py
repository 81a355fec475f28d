"""Files of manifests, ours and published ones, and what may be wrong with them."""

import logging
import os
import subprocess
import sys
import tracemalloc
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from fdemd.data import manifest_file
from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.manifest_file import COLUMNS, read_manifest, write_manifest
from fdemd.data.names import identity_of
from fdemd.data.sources import listed_manifest
from fdemd.errors import InputError

NAMES = st.binary(min_size=1, max_size=60).map(lambda name: os.fsdecode(name.translate(None, b"/\0"))).filter(bool)
"""Whatever a disk can hold as the name of a file."""


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    manifest = Manifest(
        tmp_path,
        (
            Photograph("Zoë, A/1.jpg", "Zoë, A", "Zoë, A/1.jpg"),
            Photograph("masked/1.jpg", "Zoë, A", "Zoë, A/1.jpg", "test", is_gallery=False),
            Photograph("b/2.jpg", "b", "b/2.jpg", is_query=False),
        ),
    )
    write_manifest(manifest, tmp_path / "list.csv")
    assert read_manifest(tmp_path / "list.csv") == manifest


def test_path_and_identity_are_enough(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,identity\na/1.jpg,a\nb\\1.jpg,b\n")
    photographs = read_manifest(tmp_path / "list.csv").photographs
    assert photographs == (Photograph("a/1.jpg", "a", "a/1.jpg"), Photograph("b/1.jpg", "b", "b/1.jpg"))


def test_published_lists_have_two_columns_and_no_header(tmp_path: Path) -> None:
    (tmp_path / "lfw_128.txt").write_text("Aaron_Eckhart/1.jpg,0\nAaron_Guiel/1.jpg,1\n")
    assert [p.identity for p in read_manifest(tmp_path / "lfw_128.txt").photographs] == ["0", "1"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("path,identity\n", "no photographs"),
        ("path,identity\na/1.jpg,a\n", "one person only"),
        ("path,identity\na/1.jpg,a\na/1.jpg,b\n", "stands twice"),
        ("path,identity\na/1.jpg,a\n./a//1.jpg,b\n", "stands twice"),
        ("path,identity\na/1.jpg,a\n../../etc/passwd,b\n", "line 3: .*leads out of the folder"),
        ("path,identity\na/1.jpg,a\n/etc/passwd,b\n", "line 3: '/etc/passwd' is absolute, and not below the folder"),
        ("path,identity\na/1.jpg\n", "line 2: 1 values for 2 columns"),
        ("path,identity\n,a\n", "must not be empty"),
        ("path,identity,is_query\na/1.jpg,a,maybe\n", "is_query is 'maybe'"),
        ("path,identity,colour\na/1.jpg,a,red\n", "a column 'colour'"),
        ("path,split\na/1.jpg,test\n", "no column 'identity'"),
        ("a,b,c\n", "must name the columns"),
        ("path,identity,path\na/1.jpg,a,b/1.jpg\n", "has the column 'path' more than once; leave one of them"),
        ("path,identity,split,identity\na/1.jpg,a,,b\n", "has the column 'identity' more than once"),
    ],
)
def test_what_is_wrong_is_said_with_the_line(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_manifest(tmp_path / "list.csv")


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"The manifest .*none\.csv does not exist"):
        read_manifest(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder, not a file"):
        read_manifest(tmp_path)
    (tmp_path / "list.csv").write_text("path,identity\na/1.jpg,a\nb/1.jpg,b\n")
    with pytest.raises(
        InputError, match=r"The folder that the paths in .*list\.csv are relative to, .* does not exist"
    ):
        read_manifest(tmp_path / "list.csv", tmp_path / "nowhere")


def test_a_binary_file_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="not a CSV file in UTF-8"):
        read_manifest(tmp_path / "list.csv")


def test_one_spelling_a_file_so_that_twins_are_known(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,identity,source\nm/1.jpg,a,.\\a\\1.jpg\na/1.jpg,a,\nb/1.jpg,b,\n")
    photographs = read_manifest(tmp_path / "list.csv").photographs
    assert [photograph.source for photograph in photographs] == ["a/1.jpg", "a/1.jpg", "b/1.jpg"]


def test_a_header_with_other_names_is_not_taken_for_a_photograph(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").touch()
    (tmp_path / "list.csv").write_text("file,who\n1.jpg,a\n2.jpg,b\n")
    with pytest.raises(InputError, match="they must be path and identity"):
        read_manifest(tmp_path / "list.csv")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(person=NAMES, photograph=NAMES)
@example("a\\b", "1\\2.jpg")
@example("a\rb", "1\r.jpg")
@example("a\nb", '"1\n".jpg')
@example("Jos\udce9", "\udcff.jpg")
@example("Ann", " 1.jpg ")
@example("=1+1,", ",;'.jpg")
@example("\ufeffpath", "identity.jpg")
@example("x" * 255, "y" * 255)
def test_any_name_that_a_disk_can_hold_is_read_as_it_was_written(tmp_path: Path, person: str, photograph: str) -> None:
    assume(person not in (".", "..") and photograph not in (".", "..") and identity_of(person))
    path = f"{person}/{photograph}"
    (tmp_path / person).mkdir(exist_ok=True)
    (tmp_path / path).touch()
    other = Photograph("the other one/1.jpg", "the other one", path, is_gallery=False)
    manifest = Manifest(tmp_path, (Photograph(path, identity_of(person), path), other))
    (tmp_path / "list").mkdir(exist_ok=True)
    write_manifest(manifest, tmp_path / "list" / "manifest.csv")
    assert read_manifest(tmp_path / "list" / "manifest.csv", tmp_path) == manifest


def test_ordinary_manifests_are_the_same_to_the_byte_as_ever(tmp_path: Path) -> None:
    write_manifest(
        Manifest(tmp_path, (Photograph("a, b/1.jpg", "a, b", "a, b/1.jpg", aligned="dlib"),)), tmp_path / "m"
    )
    assert (
        tmp_path / "m"
    ).read_bytes() == f'{",".join(COLUMNS)}\n"a, b/1.jpg","a, b","a, b/1.jpg",,1,1,dlib\n'.encode()


@pytest.mark.parametrize(
    ("on_disk", "written", "read"),
    [
        ("a\\b.jpg", "a\\b.jpg", "a\\b.jpg"),
        ("a/b.jpg", "a\\b.jpg", "a/b.jpg"),
        (" b.jpg", " b.jpg", " b.jpg"),
        ("b.jpg", " b.jpg ", "b.jpg"),
        ("b.jpg", "./b.jpg", "b.jpg"),
    ],
)
def test_a_path_is_taken_as_written_where_that_is_a_file(tmp_path: Path, on_disk: str, written: str, read: str) -> None:
    (tmp_path / on_disk).parent.mkdir(exist_ok=True)
    (tmp_path / on_disk).touch()
    (tmp_path / "list.csv").write_text(f'path,identity\n"{written}",a\nc.jpg,c\n')
    assert read_manifest(tmp_path / "list.csv").photographs[0].path == read


def test_spellings_of_a_name_are_one_person_and_that_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    decomposed = unicodedata.normalize("NFD", "Zoë")
    (tmp_path / "list.csv").write_text(f"path,identity\n1.jpg,Zoë\n2.jpg,{decomposed}\n3.jpg, Zoë \n4.jpg,zoë\n")
    with caplog.at_level(logging.WARNING):
        photographs = read_manifest(tmp_path / "list.csv").photographs
    assert [photograph.identity for photograph in photographs] == ["Zoë", "Zoë", "Zoë", "zoë"]
    assert "taken for one each" in caplog.text and "differ in letter case only" in caplog.text


def test_absolute_paths_below_the_root_are_taken(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    rows = [f"{tmp_path}/real/a.jpg,a", f"{tmp_path}/link/b.jpg,b", f"{tmp_path}/real/x/../c.jpg,c", "../real/d.jpg,d"]
    (tmp_path / "link" / "list.csv").write_text("\n".join(["path,identity", *rows]))
    manifest = read_manifest(tmp_path / "link" / "list.csv")
    assert [photograph.path for photograph in manifest.photographs] == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    everywhere = listed_manifest(str(tmp_path / "real" / "list.csv"), "/")
    assert everywhere.file(everywhere.photographs[0]) == tmp_path / "real" / "a.jpg"


@pytest.mark.parametrize("path", ["/elsewhere/1.jpg", "../1.jpg", "a/../../1.jpg", "..", "/", "."])
def test_paths_that_lead_elsewhere_say_how_the_folder_is_named(tmp_path: Path, path: str) -> None:
    (tmp_path / "list.csv").write_text(f"path,identity\n{path},a\nb.jpg,b\n")
    with pytest.raises(
        InputError, match=r"line 2: .* the folder .*data\.root=FOLDER .data\.root=/ takes absolute paths"
    ):
        listed_manifest(str(tmp_path / "list.csv"))
    with pytest.raises(InputError, match=r"write paths from a folder that all photographs are below\.$"):
        read_manifest(tmp_path / "list.csv")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "path,identity\nJosé/1.jpg,José\nb/1.jpg,b\n"),
        ("utf-16", "path,identity\nJosé/1.jpg,José\nb/1.jpg,b\n"),
        ("utf-16", "path,identity,source\nJosé/1.jpg,José,\nb/1.jpg,b,\n"),
        ("latin-1", "José/1.jpg,0\nb/1.jpg,1\n"),
    ],
)
def test_other_encodings_are_told_from_odd_names(tmp_path: Path, encoding: str, text: str) -> None:
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    with pytest.raises(InputError, match="UTF-8"):
        read_manifest(tmp_path / "list.csv")


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text('path,identity\n\n"a\nb.jpg",a\n,b\n')
    with pytest.raises(InputError, match="line 5: path and identity must not be empty"):
        read_manifest(tmp_path / "list.csv")


@pytest.mark.parametrize("locked", ["list.csv", "photos", "."])
def test_what_may_not_be_read_is_a_sentence(tmp_path: Path, as_other_user: list[str], locked: str) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "list.csv").write_text("path,identity\na.jpg,a\nb.jpg,b\n")
    (tmp_path / locked).chmod(0)
    try:
        done = subprocess.run(
            [*as_other_user, sys.executable, "-c", READ, str(tmp_path / "list.csv"), str(tmp_path / "photos")],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        (tmp_path / locked).chmod(0o755)
    assert done.returncode == 2, done.stderr
    assert "cannot be read (Permission denied)" in done.stderr and len(done.stderr.splitlines()) == 1


READ = """
import sys
from fdemd.data.sources import listed_manifest
from fdemd.cli.exit_status import exit_status
sys.exit(exit_status("read", lambda: listed_manifest(*sys.argv[1:])))
"""


def test_a_full_disk_leaves_the_old_manifest(small_disk: Callable[[int], Path]) -> None:
    rows = tuple(Photograph(f"{person}/1.jpg", person, f"{person}/1.jpg") for person in ("Ann", "Bob"))
    path = small_disk(1) / "manifest.csv"
    write_manifest(Manifest(path.parent, rows), path)
    before = path.read_bytes()
    (path.parent / "filler").write_bytes(bytes(2**20 - 2**14))
    more = tuple(Photograph(f"Ann/{number}.jpg", "Ann", f"Ann/{number}.jpg") for number in range(2000))
    with pytest.raises(InputError, match=r"^The disk is full: .*manifest\.csv cannot be written; make room\.$"):
        write_manifest(Manifest(path.parent, more), path)
    assert path.read_bytes() == before


@given(st.lists(st.sampled_from(["a", "b.jpg", ".", "..", "/", "\\", " ", "ü", "\0", "~"]), max_size=8).map("".join))
def test_a_path_that_is_tidy_is_what_any_other_becomes(text: str) -> None:
    """Most paths are taken as they are without a look at folders; it must not matter that they are."""
    if manifest_file._is_tidy(text):
        place = manifest_file._Place(("/data/set", "/data/set"), "")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(manifest_file, "_is_tidy", lambda text: False)
            assert manifest_file._path(text, place, Path("list.csv"), 2) == text


def test_a_long_manifest_takes_little_more_memory_than_its_photographs(tmp_path: Path) -> None:
    lines = (f"{row % 999:04d}/{row:07d}.png,{row % 999:04d},,train,1,1,insightface\n" for row in range(20_000))
    (tmp_path / "list.csv").write_text(",".join(COLUMNS) + "\n" + "".join(lines))
    tracemalloc.start()
    try:
        manifest = read_manifest(tmp_path / "list.csv")
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(manifest) == 20_000
    assert most < 2 * kept
    assert manifest.photographs[0].identity is manifest.photographs[999].identity, "a name of many rows is one string"
