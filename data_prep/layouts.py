"""How the official archives name their photographs: from a path inside one to who is on it.

The sources of every layout are in docs/data.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from fdemd.data.manifest import Photograph
from fdemd.data.tree import without_ending

NO_LISTS = re.compile(r"(?!)")


class Photo(NamedTuple):
    """The facts about a photograph in its path, with the fields of :class:`data_prep.sources.Item`."""

    name: str
    identity: str
    source: str = ""
    is_query: bool = True
    is_gallery: bool = True


Selection = Callable[[Sequence[Photograph]], list[Photograph]]


@dataclass(frozen=True)
class Layout:
    """The layout of a published set.

    Attributes:
        read: Function from the path of an image to its facts; None if it is not a photograph of the set.
        lists: Pattern of the paths of official lists; its group ``name`` is the name of the copy.
        people: Name of the file with the names of person 1, 2, ... in its lines, if paths have numbers only.
        official: Number of images and of people by the publication.
        further: File name -> selection of rows, for manifests beside ``manifest.csv``.
        split: Split of all its photographs.
        gallery: Name of the set whose photographs are the gallery, if not this one's.
        free_form: Whether the names are the user's own: a folder around all people is no person, and every file
            counts.
    """

    read: Callable[[str], Photo | None]
    lists: re.Pattern[str] = NO_LISTS
    people: str = ""
    official: tuple[int, int] | None = None
    further: Mapping[str, Selection] = field(default_factory=dict)
    split: str = ""
    gallery: str = ""
    free_form: bool = False


def _person_number(path: str) -> Photo | None:
    """``.../Aaron_Eckhart_0001.jpg``, in a folder of the person or with everybody in one."""
    if not (match := re.fullmatch(r"(?:.*/)?((.+)_\d{4})\.\w+", path)):
        return None
    stem, person = match.groups()
    return Photo(f"{person}/{stem}", person)


def _talfw(path: str) -> Photo | None:
    """As LFW; every picture is an attack on the photograph of the same name."""
    photo = _person_number(path)
    return photo and photo._replace(source=photo.name, is_gallery=False)


def _mlfw(path: str) -> Photo | None:
    """``.../AJ_Cook_0001_0000.jpg``: a masked photograph of CALFW; further numbers tell the mask."""
    if not (match := re.fullmatch(r"(?:.*/)?((.+?)(?:_\d{4})+)\.\w+", path)):
        return None
    stem, person = match.groups()
    return Photo(f"{person}/{stem}", person, is_gallery=False)


def _agedb(path: str) -> Photo | None:
    """``.../0_MariaCallas_35_f.jpg``: running number, person, age, gender."""
    if not (match := re.fullmatch(r"(?:.*/)?(\d+_(.+)_\d+_[mf])\.\w+", path)):
        return None
    stem, person = match.groups()
    return Photo(f"{person}/{stem}", person)


def _cfp(path: str) -> Photo | None:
    """``.../001/frontal/01.jpg`` (gallery) and ``.../001/profile/01.jpg`` (queries)."""
    if not (match := re.fullmatch(r"(?:.*/)?((\d{3})/(frontal|profile)/\d+)\.\w+", path)):
        return None
    name, person, view = match.groups()
    return Photo(name, person, is_query=view == "profile", is_gallery=view == "frontal")


def _folder(path: str) -> Photo | None:
    """``PERSON/...``; a tree of the user's own."""
    person, _, rest = path.partition("/")
    return Photo(without_ending(path), person) if rest else None


def several_photographs(photographs: Sequence[Photograph]) -> list[Photograph]:
    """Return the photographs of people who have two or more, so that every query has something to find."""
    counts: dict[str, int] = {}
    for photograph in photographs:
        counts[photograph.identity] = counts.get(photograph.identity, 0) + 1
    return [photograph for photograph in photographs if counts[photograph.identity] > 1]


def frontal(photographs: Sequence[Photograph]) -> list[Photograph]:
    """Return CFP's frontal photographs, each both query and gallery, for queries with masks and sunglasses."""
    return [replace(photograph, is_query=True) for photograph in photographs if photograph.is_gallery]


LAYOUTS: dict[str, Layout] = {
    "lfw": Layout(
        _person_number,
        lists=re.compile(r"(?:^|/)(?P<name>(pairs|people|peopleDev|pairsDev)\w*\.txt)$"),
        official=(13233, 5749),
        further={"lfw1680.csv": several_photographs},
    ),
    "calfw": Layout(_person_number, lists=re.compile(r"(?:^|/)(?P<name>pairs_CALFW\.txt)$"), official=(12174, 4025)),
    "agedb": Layout(_agedb, lists=re.compile(r"(?:^|/)(?P<name>[^/]*protoco[^/]*\.mat)$"), official=(16488, 568)),
    "cfp": Layout(
        _cfp,
        lists=re.compile(r"(?:^|/)Protocol/(?P<name>.*\.txt)$"),
        people="list_name.txt",
        official=(7000, 500),
        further={"frontal.csv": frontal},
    ),
    "talfw": Layout(_talfw, gallery="lfw"),
    "mlfw": Layout(_mlfw, lists=re.compile(r"(?:^|/)(?P<name>pairs\.txt)$"), gallery="lfw"),
    "folder": Layout(_folder, free_form=True),
}
"""Name -> layout. The publications of TALFW and MLFW give no numbers of files that could be checked here."""
