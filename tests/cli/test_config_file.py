"""A yaml file of somebody's own is read, or told in a sentence."""

from pathlib import Path

import pytest

from fdemd.cli.config_file import comments, read_config
from fdemd.errors import InputError


@pytest.mark.parametrize(
    ("content", "config"),
    [
        ("", {}),
        ("# Nothing but a comment.\n", {}),
        ("alpha: 0.5\ngrid: [4, 4]\n", {"alpha": 0.5, "grid": [4, 4]}),
        (
            "defaults: [base, {optional model: dlib}, {query: [clean]}, {experiment: null}, _self_]\n",
            {"defaults": ["base", {"optional model": "dlib"}, {"query": ["clean"]}, {"experiment": None}, "_self_"]},
        ),
    ],
)
def test_what_a_config_says(tmp_path: Path, content: str, config: dict[str, object]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(content)
    assert read_config(file) == config


def test_comments_are_those_at_the_beginning_of_a_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("# @package _global_\n# A network of mine.\nsize: 3  # rows\n")
    assert comments(file) == ["@package _global_", "A network of mine."]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfea", "is not text in UTF-8; save it as such."),
        (b"sizes: [1, 2\n", r"is not yaml that can be read: expected ',' or '\]', but got '<stream end>' \(line 2\);"),
        (b"day: 2024-12-32\n", "is not yaml that can be read: day is out of range for month;"),
        (b"[" * 5000, "is not yaml that can be read: its lists or sections are too deep;"),
        (b"name: !!python/name:os.system\n", "is not yaml that can be read: could not determine a constructor"),
        (b"- 1\n", "is not a section of settings; write lines KEY: VALUE."),
        (b"3\n", "is not a section of settings; write lines KEY: VALUE."),
    ],
)
def test_what_is_no_config_is_told(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=rf"The config .*mine\.yaml {problem}"):
        read_config(file)


@pytest.mark.parametrize(
    "defaults", ["3", "dlib", "{model: dlib}", "[3]", "[{a: b, c: d}]", "[{a: 3}]", "[{'': dlib}]", "[{a: 3}]"]
)
def test_defaults_are_a_list_of_configs(tmp_path: Path, defaults: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"defaults: {defaults}\n")
    with pytest.raises(InputError, match=r"The defaults of the config .*mine\.yaml are not a list such as"):
        read_config(file)


def test_a_folder_or_a_link_to_nothing_is_no_config(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nothing")
    with pytest.raises(InputError, match=r"The config .*folder\.yaml is a folder, not a file; mend or remove it"):
        read_config(tmp_path / "folder.yaml")
    with pytest.raises(InputError, match=r"The config .*link\.yaml does not exist; mend or remove it"):
        read_config(tmp_path / "link.yaml")
