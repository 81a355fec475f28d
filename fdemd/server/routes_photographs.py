"""Routes that answer about photographs, which are stored nowhere: who is on them, why, and what faces they show."""

from __future__ import annotations

import base64
import threading
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile

from fdemd.errors import InputError
from fdemd.gallery.evidence import Evidence
from fdemd.gallery.threshold import in_words
from fdemd.scoring.explanation import Explanation as Reasons
from fdemd.server.answers import (
    Comparison,
    Detection,
    EmbeddedFace,
    Embeddings,
    Explanation,
    Face,
    FoundFace,
    Patch,
    Search,
)
from fdemd.server.served import GuardedRoute, TheServer
from fdemd.server.uploads import read_upload
from fdemd.tensors.directions import unit

reading = APIRouter(tags=["photographs"], route_class=GuardedRoute)

APhotograph = Annotated[UploadFile, File(description="JPEG, PNG, WebP, TIFF, AVIF and the like.")]
Rate = Annotated[float | None, Form(description="Share of strangers who may get a name, 0 to 1; by default 0.01.")]
Worn = Annotated[
    str | None,
    Form(description="What all wear: clean, mask, sunglass or crop; seen, the default, lets each face tell."),
]
_MOST_CANDIDATES = 100
_drawing = threading.Lock()
"""Matplotlib shares fonts and caches between figures."""


@reading.post("/v1/search", response_model=Search)
def search(
    served: TheServer,
    photograph: APhotograph,
    fpir: Rate = None,
    worn: Worn = None,
    candidates: Annotated[int, Form(ge=1, le=_MOST_CANDIDATES)] = 5,
) -> Search:
    """Say who is on a photograph, every face of it."""
    upload = read_upload(photograph, served.limits)
    answers = served.gallery.identify(upload.content, candidates=candidates, **_given(fpir=fpir, worn=worn))
    faces = [Face(**answer.plain()) for answer in answers]
    return Search(faces=faces, width=upload.width, height=upload.height)


@reading.post("/v1/explain", response_model=Explanation)
def explain(
    served: TheServer,
    photograph: APhotograph,
    face: Annotated[int, Form(ge=0, description="Place among the faces that a search tells, from 0.")] = 0,
    candidate: Annotated[int, Form(ge=0, lt=_MOST_CANDIDATES, description="Place among its candidates.")] = 0,
    fpir: Rate = None,
    worn: Worn = None,
) -> Explanation:
    """Say why a face was taken for somebody: scores, patches and a picture of both faces."""
    upload = read_upload(photograph, served.limits)
    answers = served.gallery.identify(upload.content, candidates=max(5, candidate + 1), **_given(fpir=fpir, worn=worn))
    if face >= len(answers):
        raise InputError(f"The photograph shows {len(answers)} faces, and there is no face {face}, counted from 0.")
    evidence = served.gallery.explain(answers[face], candidate)
    reasons = evidence.explanation
    sentence = (
        f"{evidence.person}: cosine {reasons.cosine:.2f}, Earth Mover's similarity {reasons.emd:.2f}, "
        f"together {reasons.mixed:.2f}."
    )
    return Explanation(
        cosine=reasons.cosine,
        emd=reasons.emd,
        score=reasons.mixed,
        sentence=sentence,
        grid=reasons.grid,
        patches=_patches(reasons),
        picture=_drawn(evidence),
    )


@reading.post("/v1/compare", response_model=Comparison)
def compare(
    served: TheServer,
    one: APhotograph,
    other: APhotograph,
    fmr: Annotated[
        float | None, Form(description="Share of pairs of strangers who may pass, 0 to 1; by default 0.001.")
    ] = None,
) -> Comparison:
    """Say whether the most prominent faces of two photographs are of one person."""
    contents = [read_upload(each, served.limits).content for each in (one, other)]
    found = served.gallery.verify(contents[0], contents[1], **_given(fmr=fmr))
    sentence = f"{'The same person' if found.same else 'Two people'}: {in_words(found.rate, 0)}."
    return Comparison(**vars(found), sentence=sentence)


@reading.post("/v1/detect", response_model=Detection)
def detect(served: TheServer, photograph: APhotograph) -> Detection:
    """Find the faces of a photograph, the most prominent first."""
    upload = read_upload(photograph, served.limits)
    faces = [FoundFace(box=_rounded(each.box)) for each in served.gallery.find_faces(upload.content).faces]
    return Detection(faces=faces, width=upload.width, height=upload.height)


@reading.post("/v1/embeddings", response_model=Embeddings)
def embeddings(served: TheServer, photograph: APhotograph) -> Embeddings:
    """Find the faces of a photograph and embed them. An embedding finds the same person again: keep it like a face."""
    upload = read_upload(photograph, served.limits)
    faces = [
        EmbeddedFace(box=_rounded(each.box), embedding=unit(each.features.embedding, "the embedding")[0].tolist())
        for each in served.gallery.find_faces(upload.content).faces
    ]
    return Embeddings(faces=faces, width=upload.width, height=upload.height)


def _given(**values: Any) -> dict[str, Any]:
    """What a request says; the rest is the gallery's to choose."""
    return {name: value for name, value in values.items() if value is not None}


def _rounded(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (round(side, 1) for side in box)
    return left, top, right, bottom


def _patches(reasons: Reasons) -> list[Patch]:
    columns, shares = reasons.grid[1], reasons.contributions
    found = []
    for place, to in enumerate(reasons.flow.argmax(1).tolist()):
        found.append(
            Patch(
                row=place // columns,
                column=place % columns,
                weight=float(reasons.query_weight[place]),
                contribution=float(shares.query[place]),
                enrolled_weight=float(reasons.gallery_weight[place]),
                enrolled_contribution=float(shares.gallery[place]),
                to_row=to // columns,
                to_column=to % columns,
                flow=float(reasons.flow[place, to]),
                cosine=float(reasons.patch_cosine[place, to]),
            )
        )
    return found


def _drawn(evidence: Evidence) -> str | None:
    if evidence.enrolled is None:
        return None
    with _drawing:
        png = evidence.png()
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
