"""Who may ask a server, and for what: keys, and for a server without any only programs of this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from fdemd.gallery.database import Database
from fdemd.server.keys import ADMIN, find_key, has_keys
from fdemd.server.problems import Problem

_LOCAL_NAMES = ("localhost",)
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Visitor:
    """Whoever asks.

    Attributes:
        name: Name of the key; None on a server without keys.
        role: A name in :data:`fdemd.server.keys.ROLES`.
    """

    name: str | None
    role: str

    def check(self, role: str) -> None:
        """Check that the visitor has a role.

        Raises:
            Problem: It takes another one.
        """
        if role == ADMIN != self.role:
            raise Problem(403, f"The key '{self.name}' has the role {self.role}, and this needs the role {ADMIN}.")


class Access:
    """Lets visitors in.

    Attributes:
        keyless: Whether the server was started without any key, so that everybody on this machine may do everything. It
            ends with the first key that is made, and never begins while the server runs: whoever revokes the last key
            of an open server has closed it.
    """

    def __init__(self, database: Database, *, keyless: bool) -> None:
        """Take where the keys are."""
        self._database, self.keyless = database, keyless

    def admit(self, authorization: str | None) -> Visitor:
        """Return who shows a key.

        Args:
            authorization: The header of that name.

        Raises:
            Problem: No key was shown, or none that opens.
        """
        kind, _, shown = (authorization or "").partition(" ")
        with self._database.read() as session:
            if self.keyless and not has_keys(session):
                return Visitor(None, ADMIN)
            key = find_key(session, shown.strip()) if kind.lower() == "bearer" else None
        if key is None:
            told = "This key opens nothing" if authorization else "This server wants a key"
            raise Problem(
                401, f"{told}; send the header Authorization: Bearer KEY.", headers={"WWW-Authenticate": "Bearer"}
            )
        return Visitor(key.name, key.role)

    def check_origin(self, method: str, headers: Mapping[str, str]) -> None:
        """Check that no web page from elsewhere asks in the name of whoever looks at it.

        A page can make a browser send requests to this machine, and under a name of its own that it lets point here
        (DNS rebinding) it could read the answers. It cannot send a key that it does not know: only a server without
        keys has to look where a request comes from.

        Args:
            method: Of the request.
            headers: By lower-case names.

        Raises:
            Problem: The request comes from elsewhere.
        """
        if not self.keyless:
            return
        host = headers.get("host", "")
        if not is_local(_without_port(host)):
            raise Problem(403, "A server without keys answers only as 127.0.0.1, localhost or [::1]; make a key first.")
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        foreign = site not in ("same-origin", "none") or (origin is not None and origin.partition("://")[2] != host)
        if method not in _SAFE and foreign:
            raise Problem(403, "This request comes from a page of another server, which may change nothing here.")


def is_local(host: str) -> bool:
    """Return whether a name or address is this machine's own, which no other can reach.

    Examples:
        >>> is_local("127.0.0.1"), is_local("localhost"), is_local("::1"), is_local("0.0.0.0"), is_local("example.org")
        (True, True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in _LOCAL_NAMES


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() and not name.endswith(":") else host
