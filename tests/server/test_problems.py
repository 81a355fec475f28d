"""Errors as answers."""

import json

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from fdemd.errors import InputError
from fdemd.gallery.refusals import NotThereError, TakenError, UnavailableError
from fdemd.server.problems import Problem, as_problem


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InputError("The name is empty."), 400, "bad_input"),
        (NotThereError("There is no person 7."), 404, "not_found"),
        (TakenError("There is somebody of this name."), 409, "taken"),
        (UnavailableError("The database cannot be reached."), 503, "busy"),
        (HTTPException(405), 405, "wrong_method"),
        (HTTPException(418, "I am a teapot"), 418, "bad_input"),
        (RequestValidationError([{"type": "missing", "loc": ("body", "person"), "msg": "?"}]), 400, "bad_input"),
        (ZeroDivisionError("secret"), 500, "error"),
    ],
)
def test_statuses(error: Exception, status: int, code: str) -> None:
    response = as_problem(error).response("the id")
    told = json.loads(response.body)["error"]
    assert (response.status_code, told["code"], told["request_id"]) == (status, code, "the id")
    assert told["message"].endswith(".") and "secret" not in told["message"]


def test_whoever_should_come_again_is_told_when() -> None:
    assert as_problem(UnavailableError("Later.")).response("").headers["Retry-After"] == "5"


def test_a_wrong_value_is_told_by_its_name_alone() -> None:
    error = RequestValidationError(
        [{"type": "int_parsing", "loc": ("query", "limit"), "msg": "Not a number", "input": "x"}]
    )
    assert as_problem(error).message == "The limit of the request is not what it may be: not a number."


def test_an_answer_may_say_more() -> None:
    body = json.loads(Problem(400, "Nothing was enrolled.", more={"person": None}).response("").body)
    assert set(body) == {"error", "person"}
