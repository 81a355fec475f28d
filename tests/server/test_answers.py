"""What is answered can be read back, also by a client that is older than the server."""

from datetime import datetime

import pytest
from pydantic import BaseModel

from fdemd.server import answers
from fdemd.server.answers import Face, in_utc

MODELS = [each for each in vars(answers).values() if isinstance(each, type) and issubclass(each, BaseModel)]


@pytest.mark.parametrize("model", [each for each in MODELS if each.model_config.get("json_schema_extra")])
def test_examples_are_such_answers(model: type[BaseModel]) -> None:
    for example in model.model_config["json_schema_extra"]["examples"]:  # type: ignore[index, call-overload]
        assert model.model_validate(example).model_dump(mode="json", exclude_unset=True).keys() == example.keys()


def test_fields_that_are_not_known_yet_are_kept() -> None:
    example = Face.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index, call-overload]
    assert Face.model_validate({**example, "worn": "mask"}).model_dump()["worn"] == "mask"


def test_times_have_their_zone() -> None:
    assert in_utc(datetime(2026, 1, 2, 3)).isoformat() == "2026-01-02T03:00:00+00:00"
