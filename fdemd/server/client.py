"""A gallery on a server, for Python: the same verbs as :class:`fdemd.Gallery`, over HTTP."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import httpx
import numpy as np
from PIL import Image

from fdemd.errors import InputError
from fdemd.files.text import to_printable
from fdemd.server.answers import Check, Comparison, Enrolled, Explanation, Face, Person, Removed

Photo: TypeAlias = str | Path | bytes | Image.Image | np.ndarray  # a union that isinstance takes
"""A photograph: the path of a file, its bytes, a PIL image or an array ``(H, W, 3)``, uint8 RGB."""
_PAGE = 1000


class GalleryClient:
    """Asks a server that ``fdemd gallery serve`` runs.

    Answers have the fields of the server's JSON as attributes: ``answer.person``, ``answer.sentence``. Photographs are
    read here and sent as they are. Several threads may use one client.

    Examples:
        >>> with GalleryClient("http://127.0.0.1:1") as gallery:
        ...     gallery.people()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        fdemd.errors.InputError: The server http://127.0.0.1:1 cannot be reached (...); does it run there?
    """

    def __init__(self, address: str, *, key: str | None = None, timeout: float = 60.0) -> None:
        """Take where the server is; nothing is asked yet.

        Args:
            address: Such as ``http://127.0.0.1:8000``.
            key: What ``fdemd gallery key create`` printed; None for a server without keys.
            timeout: Seconds after which an answer is not waited for any more.
        """
        self._address = address.rstrip("/")
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=self._address, headers=headers, timeout=timeout)

    def __enter__(self) -> GalleryClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def enrol(
        self, person: str, photographs: Photo | Sequence[Photo], *, face: int | None = None, force: bool = False
    ) -> list[Enrolled]:
        """Enrol photographs of a person, see :meth:`fdemd.Gallery.enrol`; what is told as enrolled is there.

        Raises:
            InputError: The name may not be one, a file cannot be read, or the server refuses the request as a whole.
        """
        several = [photographs] if isinstance(photographs, Photo) else photographs
        files = [("photographs", _file(each)) for each in several]
        response = self._send("POST", "/v1/faces", data=_given(person=person, face=face, force=force), files=files)
        answer = _json(response)
        if not isinstance(answer, dict) or "enrolled" not in answer:
            raise self._refusal(response)
        return [Enrolled.model_validate(each) for each in answer["enrolled"]]

    def identify(
        self, photograph: Photo, *, fpir: float | None = None, worn: str | None = None, candidates: int = 5
    ) -> list[Face]:
        """Say who is on a photograph, every face of it, see :meth:`fdemd.Gallery.identify`.

        Raises:
            InputError: The photograph cannot be read, or a value is none.
        """
        data = _given(fpir=fpir, worn=worn, candidates=candidates)
        answer = self._ask("POST", "/v1/search", data=data, files={"photograph": _file(photograph)})
        return [Face.model_validate(each) for each in answer["faces"]]

    def explain(
        self,
        photograph: Photo,
        *,
        face: int = 0,
        candidate: int = 0,
        fpir: float | None = None,
        worn: str | None = None,
    ) -> Explanation:
        """Say what an answer rests on: scores and patches beside the enrolled photograph that is most alike.

        Args:
            photograph: What was identified.
            face: Place of the face among the answers.
            candidate: Place among its candidates.
            fpir: As it was identified with.
            worn: Likewise.

        Raises:
            InputError: There is no such face or candidate, or the gallery keeps no patches.
        """
        data = _given(face=face, candidate=candidate, fpir=fpir, worn=worn)
        answer = self._ask("POST", "/v1/explain", data=data, files={"photograph": _file(photograph)})
        return Explanation.model_validate(answer)

    def verify(self, one: Photo, other: Photo, *, fmr: float | None = None) -> Comparison:
        """Say whether the most prominent faces of two photographs are of one person, see :meth:`fdemd.Gallery.verify`.

        Raises:
            InputError: A photograph cannot be read or shows no face.
        """
        files = {"one": _file(one), "other": _file(other)}
        return Comparison.model_validate(self._ask("POST", "/v1/compare", data=_given(fmr=fmr), files=files))

    def people(self) -> list[Person]:
        """Return everybody who is enrolled, by name, with their photographs."""
        return sorted(self._people(""), key=lambda person: person.name)

    def remove(self, person: str | int) -> Removed:
        """Remove a person, by name or number, with everything that is known of them.

        Raises:
            InputError: There is no such person.
        """
        return Removed.model_validate(self._ask("DELETE", f"/v1/persons/{self._number(person)}"))

    def remove_photograph(self, number: int) -> Removed:
        """Remove one enrolled photograph by its number; the person stays, also without any.

        Raises:
            InputError: There is no such photograph.
        """
        return Removed.model_validate(self._ask("DELETE", f"/v1/faces/{number}"))

    def rename(self, person: str | int, new: str) -> None:
        """Give a person, by name or number, another name.

        Raises:
            InputError: There is no such person, or somebody has the new name.
        """
        self._ask("PATCH", f"/v1/persons/{self._number(person)}", json={"name": new})

    def merge(self, person: str | int, into: str | int) -> int:
        """Give all photographs of one person to another and remove the first; return how many were given.

        Raises:
            InputError: There is nobody of a name or number, or both are of one.
        """
        one, other = self._number(person), self._number(into)
        return int(self._ask("POST", f"/v1/persons/{one}/merge", json={"into": other})["photographs"])

    def check(self) -> Check:
        """Check that the gallery is whole and that nothing that was deleted is left."""
        return Check.model_validate(self._ask("POST", "/v1/check"))

    def _people(self, part: str) -> Iterator[Person]:
        after: int | None = 0
        while after is not None:
            page = self._ask("GET", "/v1/persons", params={"limit": _PAGE, "after": after, "name": part})
            yield from (Person.model_validate(each) for each in page["persons"])
            after = page["next"]

    def _number(self, person: str | int) -> int:
        if isinstance(person, int):
            return person
        name = unicodedata.normalize("NFC", person).strip()
        found = next((each.id for each in self._people(name) if each.name == name), None)
        if found is None:
            raise InputError(f"There is nobody called '{to_printable(name)}' in the gallery.")
        return found

    def _ask(self, method: str, path: str, **what: Any) -> Any:
        response = self._send(method, path, **what)
        answer = _json(response)
        if not response.is_success or answer is None:
            raise self._refusal(response)
        return answer

    def _send(self, method: str, path: str, **what: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **what)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            words = str(error) or type(error).__name__
            raise InputError(f"The server {self._address} cannot be reached ({words}); does it run there?") from error

    def _refusal(self, response: httpx.Response) -> InputError:
        """What the server says is wrong, in its own words if it has any."""
        answer = _json(response)
        if isinstance(answer, dict) and isinstance(told := answer.get("error"), dict) and "message" in told:
            return InputError(str(told["message"]))
        return InputError(f"{self._address} answers with status {response.status_code}, not like a gallery's server.")


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _given(**values: Any) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


def _file(photograph: Photo) -> tuple[str, bytes]:
    """Name and content of a photograph as they are sent."""
    if isinstance(photograph, bytes):
        return "photograph", photograph
    if isinstance(photograph, str | Path):
        path = Path(photograph)
        try:
            return path.name, path.read_bytes()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            told = to_printable(str(path))
            raise InputError(f"The photograph {told} cannot be read ({reason}).") from error
    image = photograph if isinstance(photograph, Image.Image) else Image.fromarray(photograph)
    file = io.BytesIO()
    image.save(file, "PNG")
    return "photograph.png", file.getvalue()
