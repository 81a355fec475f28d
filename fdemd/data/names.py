"""One rule for the names of people: which spellings are one person."""

from __future__ import annotations

import logging
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from fdemd.files.text import to_printable

_SHOWN = 3
_log = logging.getLogger(__name__)


def identity_of(name: str) -> str:
    """Return the one spelling of a person's name: Unicode composed (NFC), without white space around it.

    A Mac writes ``Zoë`` in another way than Linux (decomposed, NFD), and white space at an end is seen by nobody.
    Letter case does tell people apart.

    >>> identity_of(" Zoe\\u0308 ") == "Zo\\u00eb"
    True
    """
    return unicodedata.normalize("NFC", name).strip()


def warn_of_spellings(names: Iterable[str], where: object) -> None:
    """Log which people were written in several ways and are taken for one, and who differs in letter case only.

    Args:
        names: Names as they are written.
        where: File or folder in which they stand, to be named.
    """
    distinct = list(dict.fromkeys(names))
    merged = [sorted(spellings) for spellings in _alike(distinct, identity_of)]
    if merged:
        _log.warning(
            "%s: people who are written in several ways (blanks at an end, composed or decomposed letters) are taken "
            "for one each: %s.",
            where,
            _listed(merged),
        )
    alike = _alike(sorted(set(map(identity_of, distinct))), str.casefold)
    if alike:
        _log.warning("%s: names that differ in letter case only are different people: %s.", where, _listed(alike))


def _alike(names: Sequence[str], form: Callable[[str], str]) -> list[list[str]]:
    """Names that share a form, two or more each: only for these there is a list, since nearly all stand alone."""
    common = {of for of, count in Counter(map(form, names)).items() if count > 1}
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names if common else ():
        if (of := form(name)) in common:
            groups[of].append(name)
    return list(groups.values())


def _listed(groups: Sequence[Sequence[str]]) -> str:
    more = len(groups) - _SHOWN
    listed = "; ".join("/".join(f"'{to_printable(name)}'" for name in group) for group in groups[:_SHOWN])
    return listed + (f" and {more} more" if more > 0 else "")
