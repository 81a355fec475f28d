"""The fields of a model card and their types. Cards may come from anybody and are checked before use."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

_LARGEST = 1 << 16
"""Bytes of a card; ours have under a thousand."""
_LOCAL = ("127.0.0.1", "localhost")


def is_address(url: str) -> bool:
    """Return whether ``fetch`` may download from an address: https, or http on this machine; without a user name.

    >>> is_address("https://a.org/net.bin"), is_address("http://127.0.0.1:80/net.bin")
    (True, True)
    >>> is_address("http://localhost:80@a.org/net.bin"), is_address("file:///etc/passwd")
    (False, False)
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 # raises ValueError if it is none
    except ValueError:
        return False
    local = parts.scheme == "http" and parts.hostname in _LOCAL
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url and "@" not in parts.netloc
    return plain and bool(parts.hostname) and (parts.scheme == "https" or local)


def _address(url: str) -> str:
    if not is_address(url):
        raise ValueError
    return url


def _inside(file: str) -> str:
    """Check that a path is relative and does not lead out of its folder."""
    parts = file.split("/")
    if "\\" in file or not file.isprintable() or any(part in ("", ".", "..") for part in parts):
        raise ValueError
    return file


_Text = Annotated[str, Field(min_length=1, max_length=2000, description="text")]
_Side = Annotated[int, Field(ge=1, le=10_000)]
_Number = Annotated[float, Field(ge=-1e6, le=1e6)]
_Channels = Annotated[
    _Number | Annotated[list[_Number], Field(min_length=1, max_length=3)],
    Field(description="a number, or one a channel"),
]
_Percent = Annotated[Annotated[float, Field(ge=0, le=100)] | None, Field(description="an accuracy in percent, or null")]


class Facts(BaseModel):
    """The fields of every card; further fields are kept and not checked."""

    model_config = ConfigDict(strict=True, extra="allow")

    name: _Text
    kind: Annotated[Literal["backbone", "landmarks", "detector"], Field(description="backbone, landmarks or detector")]
    source: _Text
    file: Annotated[_Text, AfterValidator(_inside), Field(description="the name of a file")]
    package: Annotated[str | None, Field(pattern=r"^[A-Za-z_]\w*$", description="the name of a Python package")] = None
    url: Annotated[
        str | None,
        Field(max_length=2000, description="an address that begins with https://"),
        AfterValidator(lambda url: url if url is None else _address(url)),
    ] = None
    size: Annotated[int | None, Field(ge=1, description="a number of bytes")] = None
    sha256: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$", description="64 lower-case hexadecimal digits")]
    licence: _Text
    allowed_use: _Text
    lfw_published: _Percent = None
    lfw_measured: _Percent = None


class BackboneFacts(Facts):
    """The further fields of the card of a face network."""

    input_size: Annotated[list[_Side], Field(min_length=2, max_length=2, description="[height, width] in pixels")]
    colour: Annotated[Literal["RGB", "BGR", "grey"], Field(description="RGB, BGR or grey")]
    mean: _Channels
    scale: _Channels
    alignment: _Text
    embedding: Annotated[int, Field(ge=1, le=1_000_000, description="a number of numbers")]
    grids: Annotated[
        list[Annotated[str, Field(pattern=r"^\d{1,4}x\d{1,4}x\d{1,6}$")]],
        Field(min_length=1, max_length=100, description="a list of ROWSxCOLUMNSxCHANNELS"),
    ]


FIELDS = tuple(name for name, field in Facts.model_fields.items() if field.is_required())
"""Every card has these; only the sha256 may be null, for a file that could not be obtained to take it from."""
BACKBONE_FIELDS = tuple(name for name in BackboneFacts.model_fields if name not in Facts.model_fields)
"""A card of the kind ``backbone`` has these as well."""


def parse(content: bytes) -> Any:
    """Parse the text of a card without checking its fields; aliases, which can expand to gigabytes, are refused.

    Raises:
        ValueError: The card is too large, or not YAML in UTF-8.
    """
    if len(content) > _LARGEST:
        raise ValueError(f"it has {len(content)} bytes, and a card at most {_LARGEST}")
    try:
        return yaml.load(content.decode("utf-8"), _Loader)
    except RecursionError:
        raise ValueError("its lists are nested too deep") from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def problem(facts: dict[Any, Any]) -> tuple[str, str] | None:
    """Return the first field that is wrong and what is wrong with it; None if all are right."""
    kind = BackboneFacts if facts.get("kind") == "backbone" else Facts
    for field in FIELDS + (BACKBONE_FIELDS if kind is BackboneFacts else ()):
        if field not in facts:
            return field, "is missing"
        if facts[field] is None and field != "sha256":
            return field, "is not filled in"
    if unnamed := next((name for name in facts if not isinstance(name, str)), None):
        return reprlib.repr(unnamed), "is not called by a name"
    try:
        kind.model_validate(facts)
    except ValidationError as error:
        field = str(_first_place(error.errors(include_url=False, include_input=False)))
        return field, f"is {reprlib.repr(facts[field])}, expected {kind.model_fields[field].description}"
    if facts.get("package") is None and "/" in facts["file"]:
        return "file", f"is {reprlib.repr(facts['file'])}, expected the name of a file beside the card"
    return None


def _first_place(errors: Sequence[Any]) -> Any:
    return errors[0]["loc"][0]


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.constructor.ConstructorError(
                problem="an alias stands for another part of the text, which no card needs",
                problem_mark=self.peek_event().start_mark,
            )
        return super().compose_node(parent, index)
