"""People of one set who are in another set too, by name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def plain_name(name: str) -> str:
    """Return a name without case, accents, spaces and leading number: ``Maria_Callas`` is ``MariaCallas``.

    >>> plain_name("012 José_María Aznar")
    'josemariaaznar'
    """
    letters = unicodedata.normalize("NFKD", re.sub(r"^\d+ ", "", name)).casefold()
    return re.sub(r"[\W_]", "", letters)


def shared_people(people: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return the people whose plain names are among ``others``, sorted; names that are numbers do not count.

    >>> shared_people(["Maria_Callas", "0012"], ["maria callas", "12"])
    ['Maria_Callas']
    """
    known = {plain for name in others if (plain := plain_name(name)) and not plain.isdigit()}
    return sorted(name for name in set(people) if plain_name(name) in known)
