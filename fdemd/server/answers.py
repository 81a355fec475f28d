"""What the server answers and the client reads: one description for both, and for the OpenAPI page."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_ENROLLED = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def _told(example: dict[str, Any]) -> ConfigDict:
    """An answer that may have further fields: a client of today reads a server of tomorrow."""
    return ConfigDict(extra="allow", frozen=True, json_schema_extra={"examples": [example]})


class Health(BaseModel):
    """Whether the server can answer."""

    model_config = _told({"status": "ok", "version": "0.1.0"})

    status: str
    version: str


class Threshold(BaseModel):
    """Score from which on a face gets a name, and what that means."""

    threshold: float
    sentence: str


class Bounds(BaseModel):
    """How much one request may bring."""

    bytes: int = Field(description="Of a request's body.")
    pixels: int = Field(description="Of one photograph.")
    photographs: int = Field(description="Of one request.")


class GalleryFacts(BaseModel):
    """What is served."""

    model_config = _told(
        {
            "backbone": "sface",
            "detector": "yunet",
            "patches": "projected",
            "keep": "path",
            "people": 40,
            "photographs": 80,
            "fpir": 0.01,
            "worn": ["clean", "mask", "sunglass", "crop"],
            "thresholds": {"clean": {"threshold": 0.41, "sentence": "A face gets a name from a score of 0.41 on."}},
            "role": "read",
            "limits": {"bytes": 33554432, "pixels": 40000000, "photographs": 32},
        }
    )

    backbone: str
    detector: str
    patches: str
    keep: str
    people: int
    photographs: int
    fpir: float = Field(description="Rate of strangers who get a name unless another one is asked for.")
    worn: list[str] = Field(description="What people may wear, or that their faces are cut off.")
    thresholds: dict[str, Threshold] = Field(description="By what people wear, as far as they have been measured.")
    role: str = Field(description="Of whoever asks.")
    limits: Bounds


class Photograph(BaseModel):
    """An enrolled photograph."""

    model_config = _told({"id": 7, "path": None, "sha256": _SHA256, "enrolled": _ENROLLED.isoformat()})

    id: int
    path: str | None = Field(description="Its file on the server; null if it came over HTTP or no paths are kept.")
    sha256: str
    enrolled: datetime


class Person(BaseModel):
    """Somebody who is enrolled."""

    model_config = _told({"id": 3, "name": "Ann Lee", "enrolled": _ENROLLED.isoformat(), "photographs": []})

    id: int
    name: str
    enrolled: datetime
    photographs: list[Photograph]


class People(BaseModel):
    """Some of the people."""

    persons: list[Person]
    next: int | None = Field(description="What to send as `after` for the next ones; null after the last.")


class Removed(BaseModel):
    """What was removed."""

    model_config = _told({"photographs": 2, "erased": True})

    photographs: int
    erased: bool = Field(description="False if another process was reading; a check then erases what is left.")


class Merged(BaseModel):
    """What was merged."""

    model_config = _told({"photographs": 2})

    photographs: int = Field(description="How many the other person got.")


class Finding(BaseModel):
    """What a rule of the gate says of a photograph."""

    rule: str
    sentence: str
    refuses: bool


class Enrolled(BaseModel):
    """What became of a photograph."""

    model_config = _told(
        {
            "photograph": "ann.jpg",
            "status": "enrolled",
            "id": 7,
            "findings": [],
            "sentence": "The photograph was enrolled.",
        }
    )

    photograph: str = Field(description="The name that its file was sent with.")
    status: str = Field(description="enrolled, known (already) or refused.")
    id: int | None
    findings: list[Finding]
    sentence: str


class Enrolment(BaseModel):
    """What became of all photographs of a request."""

    person: Person | None = Field(description="As the person is now; null if nothing was enrolled.")
    enrolled: list[Enrolled]


class Candidate(BaseModel):
    """Somebody whom a face may be of."""

    model_config = _told(
        {
            "person": "Ann Lee",
            "person_id": 3,
            "score": 0.66,
            "cosine": 0.71,
            "emd": 0.55,
            "rate": 0.0002,
            "photograph": 7,
            "path": None,
        }
    )

    person: str
    person_id: int
    score: float
    cosine: float
    emd: float | None
    rate: float
    photograph: int
    path: str | None


class Face(BaseModel):
    """Who one face of a photograph is."""

    model_config = _told(
        {
            "box": [102.0, 80.5, 190.0, 201.0],
            "person": "Ann Lee",
            "decision": "known",
            "score": 0.66,
            "threshold": 0.41,
            "rate": 0.0002,
            "fpir": 0.01,
            "worn": "clean",
            "sentence": "Ann Lee: 1 stranger in 5,000 looks as much alike.",
            "candidates": [],
        }
    )

    box: tuple[float, float, float, float] = Field(description="Left, top, right and bottom in pixels.")
    person: str | None
    decision: str = Field(description="known, unknown or ambiguous.")
    score: float | None
    threshold: float
    rate: float
    fpir: float
    worn: str = Field(description="What the face wears, by which the threshold was chosen: clean, mask and so on.")
    sentence: str
    candidates: list[Candidate]


class Search(BaseModel):
    """Who is on a photograph."""

    faces: list[Face]
    width: int = Field(description="Of the upright photograph, in whose pixels boxes are told.")
    height: int


class Patch(BaseModel):
    """A patch of the face that was looked for, and the one of the enrolled face that most of it went to."""

    row: int
    column: int
    weight: float
    contribution: float
    enrolled_weight: float = Field(description="Of the patch at the same place of the enrolled face.")
    enrolled_contribution: float
    to_row: int
    to_column: int
    flow: float
    cosine: float


class Explanation(BaseModel):
    """Why a face was taken for somebody."""

    cosine: float
    emd: float
    score: float
    sentence: str
    grid: tuple[int, int] = Field(description="Rows and columns of the patches.")
    patches: list[Patch]
    picture: str | None = Field(description="A PNG as data URL; null if the gallery keeps no pictures.")


class Comparison(BaseModel):
    """Whether two photographs are of one person."""

    model_config = _told(
        {
            "same": True,
            "cosine": 0.72,
            "threshold": 0.43,
            "rate": 0.0001,
            "fmr": 0.001,
            "sentence": "The same person: 1 stranger in 10,000 looks as much alike.",
        }
    )

    same: bool
    cosine: float
    threshold: float
    rate: float
    fmr: float
    sentence: str


class FoundFace(BaseModel):
    """A face."""

    box: tuple[float, float, float, float] = Field(description="Left, top, right and bottom in pixels.")


class Detection(BaseModel):
    """The faces of a photograph."""

    faces: list[FoundFace]
    width: int
    height: int


class EmbeddedFace(FoundFace):
    """A face and its embedding."""

    embedding: list[float] = Field(description="Of unit length.")


class Embeddings(BaseModel):
    """The faces of a photograph, embedded."""

    faces: list[EmbeddedFace]
    width: int
    height: int


class Check(BaseModel):
    """What a check of the gallery found."""

    model_config = _told({"people": 40, "photographs": 80, "problems": [], "notes": []})

    people: int
    photographs: int
    problems: list[str]
    notes: list[str]


class Change(BaseModel):
    """An entry of the audit log. It has no names of its own: that of whoever was removed is gone with the person."""

    model_config = _told(
        {
            "id": 12,
            "made": _ENROLLED.isoformat(),
            "action": "enrolled",
            "key": "front desk",
            "person": 3,
            "name": "Ann Lee",
            "photograph": 7,
        }
    )

    id: int
    made: datetime
    action: str = Field(description="enrolled, removed, renamed or merged.")
    key: str | None = Field(description="Name of the key that was shown; null for the command line.")
    person: int
    name: str | None = Field(description="The person's name now; null if there is no such person any more.")
    photograph: int | None


class Audit(BaseModel):
    """Some of the audit log, the newest first."""

    changes: list[Change]
    next: int | None = Field(description="What to send as `before` for older ones; null after the oldest.")


class Error(BaseModel):
    """What was wrong."""

    code: str
    message: str = Field(description="A sentence for a person.")
    request_id: str


class Refusal(BaseModel):
    """The answer to a request that cannot be answered otherwise."""

    model_config = _told(
        {"error": {"code": "not_found", "message": "There is no person 7 in the gallery.", "request_id": "5f0c..."}}
    )

    error: Error


def in_utc(time: datetime) -> datetime:
    """Return a time of the database with the zone that it is in, so that no browser takes it for its own."""
    return time.replace(tzinfo=timezone.utc)
