"""How much a server takes at once, so that nobody can exhaust it."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of what a server takes.

    Attributes:
        bytes: Of the body of one request, all its photographs together.
        pixels: Of one photograph, told by its header before anything is decoded.
        photographs: Of one request.
        requests: That are taken at once, those that are still arriving included; whoever comes later is told to come
            again.
        seconds: In which the body of a request must have arrived.
        threads: That work on requests.
    """

    bytes: int = 32 * 2**20
    pixels: int = 40_000_000
    photographs: int = 32
    requests: int = 32
    seconds: float = 30.0
    threads: int = max(4, 2 * (os.cpu_count() or 1))
