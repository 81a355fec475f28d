"""What a client is told when a request cannot be answered: a status, a code for programs, a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from fdemd.errors import InputError
from fdemd.gallery.refusals import NotThereError, TakenError, UnavailableError

_CODES = {
    400: "bad_input",
    401: "no_key",
    403: "forbidden",
    404: "not_found",
    405: "wrong_method",
    408: "too_slow",
    409: "taken",
    413: "too_large",
    415: "unsupported_type",
    500: "error",
    503: "busy",
}
"""Status -> what programs know it by."""
_SENTENCES = {404: "There is nothing at this address.", 405: "This address does not take this method."}
"""What the framework finds itself, in words of this server's."""


class Problem(Exception):  # noqa: N818 # it is what the client is told, in the words of RFC 9457
    """A request that cannot be answered.

    Attributes:
        status: HTTP status.
        message: A sentence for a person.
        more: Further fields of the answer.
        headers: Further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.more, self.headers = status, message, more or {}, dict(headers or {})

    def response(self, request_id: str) -> JSONResponse:
        """Return the answer."""
        error = {"code": _CODES.get(self.status, "bad_input"), "message": self.message, "request_id": request_id}
        return JSONResponse({"error": error, **self.more}, self.status, self.headers)


def as_problem(error: Exception) -> Problem:
    """Return what a client is told of an error; of one that is no fault of the client's nothing but that.

    Examples:
        >>> as_problem(NotThereError("There is no person 7 in the gallery.")).status
        404
        >>> as_problem(ValueError("an inner matter")).message
        'Something went wrong in the server; its log has more under this request id.'
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, UnavailableError):
        return Problem(503, str(error), headers={"Retry-After": "5"})
    if isinstance(error, InputError):
        status = {NotThereError: 404, TakenError: 409}.get(type(error), 400)
        return Problem(status, str(error))
    if isinstance(error, RequestValidationError):
        return Problem(400, _sentence(error))
    if isinstance(error, HTTPException):
        message = _SENTENCES.get(error.status_code, f"{str(error.detail).rstrip('.')}.")
        return Problem(error.status_code, message, headers=error.headers)
    return Problem(500, "Something went wrong in the server; its log has more under this request id.")


def _sentence(error: RequestValidationError) -> str:
    """Say what is wrong with the first value that is, without the value itself, which may be anything."""
    first = error.errors()[0]
    place, reason = first["loc"], str(first["msg"]).rstrip(".")
    if first["type"] == "json_invalid":
        return "The body of the request is not JSON."
    name = next((str(each) for each in reversed(place) if isinstance(each, str)), "body")
    if first["type"] == "missing":
        return f"The request has no {name}."
    return f"The {name} of the request is not what it may be: {reason[:1].lower()}{reason[1:]}."
