"""Keys by which programs and people may ask a server, each with a name and a role.

They lie in the gallery's database: all servers of one gallery know the same keys, and a key that is revoked opens
nothing from the next request on. Kept is the SHA-256 of a key, not the key. A slow, salted hash, which passwords need,
would add nothing: a key is 256 random bits, which nobody can guess or have in a table, however quick the hash, and no
two keys are alike. A server looks for the hash of what it was shown, so that the time of the search tells nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fdemd.errors import unknown
from fdemd.gallery.names import check_name
from fdemd.gallery.refusals import NotThereError, TakenError
from fdemd.gallery.schema import Key

READ, ADMIN = "read", "admin"
ROLES = (READ, ADMIN)
"""What a key may do: ask, or also change the gallery, check it and read its audit log."""
_PREFIX = "fdemd_"
"""Tells people, and programs that look for secrets in code, what it is."""


@dataclass(frozen=True)
class KnownKey:
    """A key that opens a server.

    Attributes:
        name: Whose it is.
        role: One of :data:`ROLES`.
        made: When, in UTC.
    """

    name: str
    role: str
    made: datetime


def create_key(session: Session, name: str, role: str) -> str:
    """Make a key and return it; it cannot be told again.

    Args:
        session: A write transaction.
        name: Whose it is; it stands in the audit log.
        role: One of :data:`ROLES`.

    Raises:
        InputError: The name may not be one or is another key's, or there is no such role.
    """
    if role not in ROLES:
        raise unknown("role", role, ROLES)
    name = check_name(name)
    if session.get(Key, name) is not None:
        raise TakenError(f"There is a key called '{name}' already; choose another name, or revoke it first.")
    key = _PREFIX + secrets.token_urlsafe(32)
    session.add(Key(name=name, role=role, digest=_digest(key)))
    return key


def list_keys(session: Session) -> list[KnownKey]:
    """Return all keys, by name."""
    return [KnownKey(key.name, key.role, key.made) for key in session.scalars(select(Key).order_by(Key.name))]


def revoke_key(session: Session, name: str) -> None:
    """Make a key open nothing any more.

    Raises:
        InputError: There is no such key.
    """
    found = session.get(Key, check_name(name))
    if found is None:
        raise NotThereError(f"There is no key called '{check_name(name)}'; `key list` has all names.")
    session.delete(found)


def find_key(session: Session, shown: str) -> KnownKey | None:
    """Return the key that somebody shows; None if it is none."""
    found = session.scalar(select(Key).where(Key.digest == _digest(shown)))
    return None if found is None else KnownKey(found.name, found.role, found.made)


def has_keys(session: Session) -> bool:
    """Return whether there is any key."""
    return session.scalar(select(Key.name).limit(1)) is not None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
