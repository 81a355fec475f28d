"""The application: all routes, behind the door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser

from fdemd import __version__
from fdemd.errors import InputError
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.stages import observed_by
from fdemd.server import routes_gallery, routes_people, routes_photographs
from fdemd.server.access import Access
from fdemd.server.answers import Refusal
from fdemd.server.door import Door, passing
from fdemd.server.limits import Limits
from fdemd.server.metrics import Metrics
from fdemd.server.problems import Problem, as_problem
from fdemd.server.served import Served

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_PAGE = Path(__file__).parent / "page"
_QUICK_THREADS = 4
_REFUSED = {
    400: "The request is not right.",
    401: "No key was shown, or none that opens.",
    403: "The key has another role, or the request comes from elsewhere.",
    413: "It is too large.",
    503: "The server is busy; come again.",
}


def create_app(gallery: Gallery, access: Access, limits: Limits | None = None) -> FastAPI:
    """Return the application that serves a gallery.

    Args:
        gallery: The gallery, which is closed when the server stops.
        access: Who may ask.
        limits: How much at once.
    """
    limits, metrics = limits or Limits(), Metrics()
    # Photographs stay in memory: nothing of them may lie in files, not even in nameless ones.
    MultiPartParser.spool_max_size = max(MultiPartParser.spool_max_size, limits.bytes + 1)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = limits.threads
        with observed_by(metrics.observe):
            yield
        gallery.close()

    app = FastAPI(
        title="fdemd gallery",
        version=__version__,
        summary="Enrol people, and put a name to a photograph.",
        docs_url=None,  # these pages would load their scripts from elsewhere
        redoc_url=None,
        lifespan=life,
        responses={status: {"model": Refusal, "description": what} for status, what in _REFUSED.items()},
        exception_handlers=dict.fromkeys((Problem, InputError, RequestValidationError, HTTPException), _told),
    )
    app.state.served = Served(gallery, access, limits, metrics, CapacityLimiter(_QUICK_THREADS))
    for routes in (routes_gallery, routes_people, routes_photographs):
        for name in ("public", "reading", "administering"):
            if (router := getattr(routes, name, None)) is not None:
                app.include_router(router)
    app.add_api_route("/", _page, include_in_schema=False)
    app.add_api_route("/page/{file}", _page, include_in_schema=False)
    app.add_middleware(Door, access=access, limits=limits, metrics=metrics)
    return app


async def _told(request: Request, error: Exception) -> Response:
    problem, known = as_problem(error), passing(request.scope)
    known.problem = error if problem.status >= 500 else None
    return problem.response(known.id)


async def _page(file: str = "index.html") -> Response:
    """A file of the web page. Only what lies in its folder has a name here, whatever dots and slashes are sent."""
    found = {each.name: each for each in _PAGE.glob("*") if each.suffix in _TYPES and each.is_file()}.get(file)
    if found is None:
        raise HTTPException(404)
    return Response(found.read_bytes(), media_type=_TYPES[found.suffix])
