"""Lines of the log are JSON, and errors are told by their places."""

import json
import logging

import pytest

from fdemd.server.log import JsonLines, places_of, write_log


def test_a_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    write_log(event="request", route="/v1/search\n")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["route"] == "/v1/search\n" and json.loads(line)["time"].endswith("+00:00")


def test_what_other_packages_say_is_a_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("test of lines")
    logger.addHandler(JsonLines())
    logger.propagate = False
    try:
        raise ValueError("Ann Lee")
    except ValueError:
        logger.exception("It broke")
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["message"]) == ("error", "It broke")
    assert line["places"][-1] == "ValueError" and "Ann Lee" not in json.dumps(line)


def test_only_the_innermost_places_are_told() -> None:
    def deeper(left: int) -> None:
        if not left:
            raise KeyError("Ann Lee")
        deeper(left - 1)

    with pytest.raises(KeyError) as error:
        deeper(50)
    places = places_of(error.value)
    assert len(places) == 13 and places[-1] == "KeyError" and all("deeper" in place for place in places[:-1])
