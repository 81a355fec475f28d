"""Routes about the gallery as a whole: its health, what it is, its check, its audit log, figures of the server."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST

from fdemd.errors import InputError
from fdemd.gallery.gallery import FPIR
from fdemd.gallery.occlusions import KINDS
from fdemd.server.answers import Audit, Bounds, Change, Check, GalleryFacts, Health, Threshold, in_utc
from fdemd.server.problems import Problem
from fdemd.server.served import AdminRoute, GuardedRoute, TheServer, TheVisitor

public = APIRouter(tags=["gallery"])
reading = APIRouter(tags=["gallery"], route_class=GuardedRoute)
administering = APIRouter(tags=["gallery"], route_class=AdminRoute)

LARGEST = 2**63 - 1
"""Number of a row in a database."""


@public.get("/v1/health", response_model=Health)
async def health(served: TheServer) -> Health:
    """Say whether the server can answer, to whoever asks."""
    try:
        await to_thread.run_sync(lambda: served.gallery.size, limiter=served.quick)
    except InputError as error:
        raise Problem(503, "The database does not answer.", headers={"Retry-After": "5"}) from error
    return Health(status="ok", version=version("fdemd"))


@reading.get("/v1/gallery", response_model=GalleryFacts)
def facts(served: TheServer, visitor: TheVisitor) -> GalleryFacts:
    """Say what is served: network, size, thresholds, limits, and the role of whoever asks."""
    gallery, pin, limits = served.gallery, served.gallery.pin, served.limits
    people, photographs = gallery.size
    return GalleryFacts(
        backbone=pin.backbone,
        detector=pin.detector,
        patches=pin.patches,
        keep=pin.keep,
        people=people,
        photographs=photographs,
        fpir=FPIR,
        worn=list(KINDS),
        thresholds={kind: _told(score) for kind, score in gallery.thresholds().items()},
        role=visitor.role,
        limits=Bounds(bytes=limits.bytes, pixels=limits.pixels, photographs=limits.photographs),
    )


@administering.post("/v1/check", response_model=Check)
def check(served: TheServer) -> Check:
    """Check that the gallery is whole, and erase what is left of the deleted."""
    found = served.gallery.check()
    return Check(
        people=found.people, photographs=found.photographs, problems=list(found.problems), notes=list(found.notes)
    )


@administering.get("/v1/audit", response_model=Audit)
def audit(
    served: TheServer,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
) -> Audit:
    """Say who enrolled, renamed, merged and removed whom, the newest first: numbers, and names of those still there."""
    found = served.gallery.changes(before=before, limit=limit + 1)
    changes = [
        Change(
            id=each.number,
            made=in_utc(each.made),
            action=each.action,
            key=each.actor,
            person=each.person,
            name=each.name,
            photograph=each.photograph,
        )
        for each in found[:limit]
    ]
    return Audit(changes=changes, next=changes[-1].id if len(found) > limit else None)


@reading.get("/metrics", response_class=Response)
def metrics(served: TheServer) -> Response:
    """Figures of the server, for Prometheus."""
    return Response(served.metrics.told(*served.gallery.size), media_type=CONTENT_TYPE_LATEST)


def _told(score: float) -> Threshold:
    sentence = f"A face gets a name from a score of {score:.2f} on, which 1 stranger in {round(1 / FPIR)} reaches."
    return Threshold(threshold=score, sentence=sentence)
