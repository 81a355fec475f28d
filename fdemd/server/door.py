"""What every request passes on its way in and out: its number, its limits, the headers of its answer, its log line."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from time import perf_counter
from uuid import uuid4

from rich.filesize import decimal
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fdemd.server.access import Access, Visitor
from fdemd.server.limits import Limits
from fdemd.server.log import places_of, write_log
from fdemd.server.metrics import Metrics
from fdemd.server.problems import as_problem

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",  # answers hold names and faces
}
"""Sent with every answer: pages of other servers get nothing of it, and no browser keeps it."""
_PASSING = "fdemd.passing"


@dataclass
class Passing:
    """A request on its way.

    Attributes:
        id: Its number, by which a client can ask for its line in the log.
        visitor: Who asks, once that is known.
        problem: An error that it ended with, once there is one that is the server's own.
    """

    id: str = field(default_factory=lambda: uuid4().hex)
    visitor: Visitor | None = None
    problem: Exception | None = None


def passing(scope: Scope) -> Passing:
    """Return what is known of a request."""
    found: Passing = scope[_PASSING]
    return found


class Door:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp, access: Access, limits: Limits, metrics: Metrics) -> None:
        """Take what is behind the door."""
        self._app, self._access, self._limits, self._metrics = app, access, limits, metrics
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request, began, status = Passing(), perf_counter(), 0
        scope[_PASSING] = request

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request.id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        self._inside += 1
        try:
            headers = Headers(scope=scope)
            self._access.check_origin(scope["method"], headers)
            self._check_room(headers)
            await self._app(scope, self._limited(receive), answer)
        except Exception as error:  # the last place where a client can still be told
            problem = as_problem(error)
            request.problem = error if problem.status >= 500 else None
            if not status:
                await problem.response(request.id)(scope, receive, answer)
        finally:
            self._inside -= 1
            self._note(scope, request, status, perf_counter() - began)

    def _check_room(self, headers: Headers) -> None:
        if self._inside > self._limits.requests:
            raise HTTPException(503, "The server is busy; come again in a moment", {"Retry-After": "1"})
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._limits.bytes:
            raise self._too_large()

    def _too_large(self) -> HTTPException:
        most = decimal(self._limits.bytes)
        return HTTPException(413, f"The request is too large; {most} are the most, all photographs together")

    def _limited(self, receive: Receive) -> Receive:
        """Count what arrives: a client may say no length, or another one, and may send as slowly as it likes."""
        arrived, whole = 0, False
        until = perf_counter() + self._limits.seconds

        async def limited() -> Message:
            nonlocal arrived, whole
            if whole:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(until - perf_counter(), 0.001))
            except asyncio.TimeoutError:
                raise HTTPException(
                    408, f"The request did not arrive within {self._limits.seconds:g} s; send less at once"
                ) from None
            arrived += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if arrived > self._limits.bytes:
                raise self._too_large()
            return message

        return limited

    def _note(self, scope: Scope, request: Passing, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or "none"
        self._metrics.count(scope["method"] if route != "none" else "any", route, status, seconds)
        write_log(
            event="request",
            request=request.id,
            method=scope["method"][:20],
            route=route,
            status=status,
            ms=round(1000 * seconds, 1),
            key=request.visitor.name if request.visitor else None,
            **({"places": places_of(request.problem)} if request.problem else {}),
        )
