"""Whether Weights & Biases is wanted and can be reached, told without importing it (a second and a half)."""

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
    """What ``WANDB_MODE`` asks for: ``online``, ``offline`` or ``disabled``; empty if it is not set.

    Raises:
        InputError: it is something else.
    """
    mode = os.environ.get("WANDB_MODE", "")
    if mode not in ("", *MODES):
        raise unknown("WANDB_MODE", mode, MODES)
    return mode


def has_login() -> bool:
    """Whether there is a key: in ``WANDB_API_KEY``, or in the netrc file, where ``wandb login`` puts it."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        logins = netrc.netrc(os.environ.get("NETRC") or Path.home() / ".netrc")
    except (OSError, UnicodeDecodeError, netrc.NetrcParseError):
        return False
    return logins.authenticators(urlsplit(server()).netloc) is not None


def server() -> str:
    """The server's address."""
    return os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai"


def is_reachable() -> bool:
    """Whether the server answers, whatever it answers, through the proxies that the environment names."""
    try:
        with urlopen(Request(server(), method="HEAD"), timeout=_TIMEOUT):
            return True
    except HTTPError:
        return True
    except URLError as error:
        return isinstance(error.reason, ssl.SSLError)  # it is there; W&B has certificates of its own
    except OSError:
        return False
