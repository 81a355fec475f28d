"""Lists of photographs, ours and published ones, and what may be wrong with them."""

from pathlib import Path

import pytest

from fdemd.data.manifest import Manifest, Photograph, read_manifest, write_manifest
from fdemd.errors import InputError


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
        ("path,identity\na/1.jpg,a\n/etc/passwd,b\n", "line 3: '/etc/passwd' is absolute; .*relative to the folder"),
        ("path,identity\na/1.jpg\n", "line 2: 1 values for 2 columns"),
        ("path,identity\n,a\n", "must not be empty"),
        ("path,identity,is_query\na/1.jpg,a,maybe\n", "is_query is 'maybe'"),
        ("path,identity,colour\na/1.jpg,a,red\n", "a column 'colour'"),
        ("path,split\na/1.jpg,test\n", "no column 'identity'"),
        ("a,b,c\n", "must name the columns"),
    ],
)
def test_what_is_wrong_is_said_with_the_line(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_manifest(tmp_path / "list.csv")


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_manifest(tmp_path / "none.csv")
    (tmp_path / "list.csv").write_text("path,identity\na/1.jpg,a\nb/1.jpg,b\n")
    with pytest.raises(InputError, match="does not exist"):
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
