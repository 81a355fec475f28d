"""What the routes of a server share, and how they get at it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request, Response
from fastapi.params import Form
from fastapi.routing import APIRoute

from fdemd.gallery.gallery import Gallery
from fdemd.server.access import Access, Visitor
from fdemd.server.door import passing
from fdemd.server.keys import ADMIN, READ
from fdemd.server.limits import Limits
from fdemd.server.metrics import Metrics
from fdemd.server.problems import Problem


@dataclass(frozen=True, eq=False)
class Served:
    """A gallery that is served.

    Attributes:
        gallery: The gallery.
        access: Who may ask.
        limits: How much at once.
        metrics: Figures of the server.
        quick: Threads for what takes no time, such as a look at a key, so that it never waits for what does.
    """

    gallery: Gallery
    access: Access
    limits: Limits
    metrics: Metrics
    quick: CapacityLimiter


async def served_by(request: Request) -> Served:
    """Return what a request is served from."""
    found: Served = request.app.state.served
    return found


async def visitor_of(request: Request) -> Visitor:
    """Return who asks."""
    found = passing(request.scope).visitor
    assert found is not None, "routes that ask who visits are guarded"
    return found


TheServer = Annotated[Served, Depends(served_by)]
TheVisitor = Annotated[Visitor, Depends(visitor_of)]


class GuardedRoute(APIRoute):
    """A route for visitors with a key; whoever has none is sent away before anything of the body is read."""

    role = READ

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request, behind the guard."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            served = await served_by(request)
            shown = request.headers.get("authorization")
            visitor = await to_thread.run_sync(served.access.admit, shown, limiter=served.quick)
            passing(request.scope).visitor = visitor
            visitor.check(self.role)
            self._check_type(request.headers.get("content-type", ""))
            return await handle(request)

        return guarded

    def _check_type(self, given: str) -> None:
        """Check that the body is of the kind that the route reads, rather than miss its fields later."""
        if self.body_field is None:
            return
        wanted = "multipart/form-data" if isinstance(self.body_field.field_info, Form) else "application/json"
        if given.partition(";")[0].strip().lower() != wanted:
            raise Problem(415, f"The body of this request must be {wanted}.")


class AdminRoute(GuardedRoute):
    """A route for visitors who may change the gallery."""

    role = ADMIN
