"""Routes about people: who is enrolled, enrolling, other names, merging, removing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Path, Query, Response, UploadFile
from pydantic import BaseModel, ConfigDict

from fdemd.errors import InputError
from fdemd.gallery.acting import acting
from fdemd.gallery.enrolment import REFUSED
from fdemd.gallery.enrolment import Enrolment as Done
from fdemd.gallery.gate import Finding as GateFinding
from fdemd.gallery.names import check_name
from fdemd.gallery.people import EnrolledPerson
from fdemd.gallery.refusals import NotThereError
from fdemd.server.answers import (
    Enrolled,
    Enrolment,
    Finding,
    Merged,
    People,
    Person,
    Photograph,
    Refusal,
    Removed,
    in_utc,
)
from fdemd.server.problems import Problem
from fdemd.server.routes_gallery import LARGEST
from fdemd.server.served import AdminRoute, GuardedRoute, Served, TheServer, TheVisitor
from fdemd.server.uploads import check_number, name_of, read_upload

reading = APIRouter(tags=["people"], route_class=GuardedRoute)
administering = APIRouter(tags=["people"], route_class=AdminRoute)

Number = Annotated[int, Path(ge=0, le=LARGEST)]


class NewName(BaseModel):
    """Another name for a person."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Ann Lee"}]})

    name: str


class Into(BaseModel):
    """The person who gets the photographs of another one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"into": 3}]})

    into: Annotated[int, Path(ge=0, le=LARGEST)]


@reading.get("/v1/persons", response_model=People)
def list_people(
    served: TheServer,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
    name: Annotated[str, Query(description="Part of the name, in capitals or not.")] = "",
) -> People:
    """List people with their photographs, in the order in which they were enrolled."""
    found = served.gallery.some_people(name, after=after, limit=limit + 1)
    persons = [told_person(each) for each in found[:limit]]
    return People(persons=persons, next=persons[-1].id if len(found) > limit else None)


@reading.get("/v1/persons/{id}", response_model=Person)
def person(served: TheServer, id: Number) -> Person:
    """Tell one person."""
    return told_person(served.gallery.person(id))


@administering.patch("/v1/persons/{id}", response_model=Person)
def rename(served: TheServer, visitor: TheVisitor, id: Number, new: NewName) -> Person:
    """Give a person another name."""
    with acting(visitor.name):
        served.gallery.rename(id, new.name)
    return told_person(served.gallery.person(id))


@administering.post("/v1/persons/{id}/merge", response_model=Merged)
def merge(served: TheServer, visitor: TheVisitor, id: Number, other: Into) -> Merged:
    """Give all photographs of a person to another one, and remove the first."""
    with acting(visitor.name):
        return Merged(photographs=served.gallery.merge(id, other.into))


@administering.delete("/v1/persons/{id}", response_model=Removed)
def remove(served: TheServer, visitor: TheVisitor, id: Number) -> Removed:
    """Remove a person with everything that is known of them."""
    with acting(visitor.name):
        removed = served.gallery.remove(id)
    return Removed(photographs=removed.photographs, erased=removed.erased)


@administering.post(
    "/v1/faces",
    response_model=Enrolment,
    status_code=201,
    responses={400: {"model": Refusal, "description": "Nothing was enrolled; `enrolled` says why."}},
)
def enrol(
    served: TheServer,
    visitor: TheVisitor,
    person: Annotated[str, Form(description="Name of the person, who may be new.")],
    photographs: Annotated[list[UploadFile], File(description="One or more.")],
    face: Annotated[
        int | None, Form(description="Which face of each photograph, from 0; by default the gate decides.")
    ] = None,
    force: Annotated[bool, Form(description="Whether to enrol what the gate refuses, if it shows a face.")] = False,
) -> Enrolment:
    """Enrol photographs of a person, each for itself: what is told as enrolled is there."""
    check_number(photographs, served.limits)
    check_name(person)
    with acting(visitor.name):
        done = [_enrol(served, person, file, face, force) for file in photographs]
    told = [
        Enrolled(
            photograph=name_of(file),
            status=each.status,
            id=each.photograph,
            findings=[Finding(**vars(finding)) for finding in each.findings],
            sentence=each.sentence,
        )
        for file, each in zip(photographs, done, strict=True)
    ]
    if all(each.status == REFUSED for each in done):
        reasons = " ".join(each.sentence for each in told[:3])
        more = {"person": None, "enrolled": [each.model_dump(mode="json") for each in told]}
        raise Problem(400, f"Nothing was enrolled. {reasons}", more=more)
    return Enrolment(person=_person_now(served, done), enrolled=told)


@administering.delete("/v1/faces/{id}", response_model=Removed)
def remove_photograph(served: TheServer, visitor: TheVisitor, id: Number) -> Removed:
    """Remove one photograph; the person stays, also without any."""
    with acting(visitor.name):
        removed = served.gallery.remove_photograph(id)
    return Removed(photographs=removed.photographs, erased=removed.erased)


@reading.get("/v1/faces/{id}/picture", response_class=Response, responses={200: {"content": {"image/png": {}}}})
def picture(served: TheServer, id: Number) -> Response:
    """The aligned face of an enrolled photograph."""
    return Response(served.gallery.picture(id), media_type="image/png")


def told_person(person: EnrolledPerson) -> Person:
    """Return a person as the server tells them."""
    photographs = [
        Photograph(id=each.number, path=each.path, sha256=each.sha256, enrolled=in_utc(each.enrolled))
        for each in person.photographs
    ]
    return Person(id=person.number, name=person.name, enrolled=in_utc(person.enrolled), photographs=photographs)


def _enrol(served: Served, person: str, file: UploadFile, face: int | None, force: bool) -> Done:
    try:
        content = read_upload(file, served.limits).content
    except InputError as error:  # no image: one photograph is no reason to refuse the others
        return Done(f"photograph {name_of(file)}", REFUSED, (GateFinding("unreadable", str(error).rstrip("."), True),))
    (done,) = served.gallery.enrol(person, content, face=face, force=force)
    return done


def _person_now(served: Served, done: list[Done]) -> Person | None:
    """The person of the photographs, unless another request removed them since."""
    numbers = [each.photograph for each in done if each.photograph is not None]
    try:
        return told_person(served.gallery.person_on(numbers[-1]))
    except NotThereError:
        return None
