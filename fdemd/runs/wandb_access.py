"""Whether Weights & Biases is wanted and reachable, found out without importing it, which takes 1.5 seconds."""

from __future__ import annotations

import netrc
import os
import ssl
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from fdemd.errors import unknown

MODES = ("online", "offline", "disabled")

_TIMEOUT = 5
"""Seconds in which the server has to answer; a run starts offline rather than late."""


def mode_asked() -> str:
    """Return the value of ``WANDB_MODE``: ``online``, ``offline`` or ``disabled``; empty if it is not set.

    Raises:
        InputError: It is something else.
    """
    mode = os.environ.get("WANDB_MODE", "")
    if mode not in ("", *MODES):
        raise unknown("WANDB_MODE", mode, MODES)
    return mode


def has_login() -> bool:
    """Return whether there is an API key: in ``WANDB_API_KEY``, or in the netrc file, where ``wandb login`` puts it."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        logins = netrc.netrc(os.environ.get("NETRC") or Path.home() / ".netrc")
    except (OSError, UnicodeDecodeError, netrc.NetrcParseError):
        return False
    return logins.authenticators(urlsplit(server()).netloc) is not None


def server() -> str:
    """Return the address of the W&B server."""
    return os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai"


def is_reachable() -> bool:
    """Return whether the server answers at all, through the proxies that the environment names."""
    try:
        with urlopen(Request(server(), method="HEAD"), timeout=_TIMEOUT):
            return True
    except HTTPError:
        return True
    except URLError as error:
        return isinstance(error.reason, ssl.SSLError)  # it is there; W&B has certificates of its own
    except OSError:
        return False
