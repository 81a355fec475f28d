"""Keys: told once, found by what they are, never by a part."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fdemd.errors import InputError
from fdemd.gallery.gallery import Gallery
from fdemd.server.keys import create_key, find_key, has_keys, list_keys, revoke_key


def test_a_key_is_found_and_revoked(gallery: Gallery) -> None:
    with gallery.database.write() as session:
        assert not has_keys(session)
        keys = [create_key(session, name, role) for name, role in (("Front desk", "read"), ("Ann", "admin"))]
    with gallery.database.write() as session:
        assert [(each.name, each.role) for each in list_keys(session)] == [("Ann", "admin"), ("Front desk", "read")]
        found = find_key(session, keys[0])
        assert found is not None and (found.name, found.role) == ("Front desk", "read")
        revoke_key(session, "Front desk")
        assert find_key(session, keys[0]) is None and has_keys(session)


def test_keys_are_long_and_unlike(gallery: Gallery) -> None:
    with gallery.database.write() as session:
        keys = {create_key(session, f"key {number}", "read") for number in range(20)}
    assert len(keys) == 20 and all(len(key) == len("fdemd_") + 43 for key in keys)


def test_no_key_lies_in_the_database(gallery: Gallery, tmp_path: Path) -> None:
    with gallery.database.write() as session:
        key = create_key(session, "Ann", "admin")
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Ann" in content and key.encode() not in content and key[6:30].encode() not in content


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | st.sampled_from(["' OR 1=1 --", "fdemd_", "%"]))
def test_a_guess_opens_nothing(gallery: Gallery, guess: str) -> None:
    with gallery.database.write() as session:
        if not has_keys(session):
            create_key(session, "Ann", "admin")
        assert find_key(session, guess) is None


@pytest.mark.parametrize(
    ("name", "role", "sentence"),
    [
        ("Ann", "owner", "Unknown role 'owner'"),
        ("Ann", "read", "a key called 'Ann' already"),
        ("<b>", "read", "markup"),
    ],
)
def test_what_cannot_be_a_key(gallery: Gallery, name: str, role: str, sentence: str) -> None:
    with gallery.database.write() as session:
        create_key(session, "Ann", "read")
        with pytest.raises(InputError, match=sentence):
            create_key(session, name, role)


def test_a_key_that_is_not_there_cannot_be_revoked(gallery: Gallery) -> None:
    with gallery.database.write() as session, pytest.raises(InputError, match="no key called 'Ann'"):
        revoke_key(session, "Ann")
