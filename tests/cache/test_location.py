"""Where the cache lies: what a person says, then fdemd's variable, then that of all caches, then the home folder."""

from pathlib import Path

import pytest

from fdemd.cache.location import cache_folder
from fdemd.errors import InputError


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FDEMD_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/zoë")


@pytest.mark.parametrize(
    ("given", "own", "xdg", "expected"),
    [
        (None, None, None, "/home/zoë/.cache/fdemd"),
        ("", "", "", "/home/zoë/.cache/fdemd"),
        (None, None, "/xdg", "/xdg/fdemd"),
        (None, "", "/xdg", "/xdg/fdemd"),
        (None, None, "not/absolute", "/home/zoë/.cache/fdemd"),
        (None, "/own", "/xdg", "/own"),
        (None, "~/own", "/xdg", "/home/zoë/own"),
        (None, "own", None, "own"),
        ("/given", "/own", "/xdg", "/given"),
        ("~", "/own", "/xdg", "/home/zoë"),
        ("", "/own", "/xdg", "/own"),
        (2024, "/own", None, "2024"),
    ],
)
def test_the_first_that_is_set(
    monkeypatch: pytest.MonkeyPatch, given: object, own: str | None, xdg: str | None, expected: str
) -> None:
    for name, value in (("FDEMD_CACHE", own), ("XDG_CACHE_HOME", xdg)):
        if value is not None:
            monkeypatch.setenv(name, value)
    assert cache_folder(given) == Path(expected)


@pytest.mark.parametrize("home", [None, ""])
def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    """As ``docker run --user 1234`` has it."""
    monkeypatch.delenv("HOME") if home is None else monkeypatch.setenv("HOME", home)
    monkeypatch.setattr("os.getuid", lambda: 123_456_789)
    with pytest.raises(InputError, match=r"would be ~/.cache/fdemd, but there is no such home.*FDEMD_CACHE=PATH"):
        cache_folder()
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/fdemd")


def test_somebody_who_is_not_here() -> None:
    with pytest.raises(InputError, match="no such home folder"):
        cache_folder("~nobody-of-this-name/cache")
