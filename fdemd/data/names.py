"""One rule for the names of people: which spellings are one person."""

from __future__ import annotations

import logging
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

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
    written: dict[str, set[str]] = defaultdict(set)
    for name in names:
        written[identity_of(name)].add(name)
    merged = [sorted(spellings) for spellings in written.values() if len(spellings) > 1]
    if merged:
        _log.warning(
            "%s: people who are written in several ways (blanks at an end, composed or decomposed letters) are taken "
            "for one each: %s.",
            where,
            _listed(merged),
        )
    cases: dict[str, list[str]] = defaultdict(list)
    for identity in sorted(written):
        cases[identity.casefold()].append(identity)
    alike = [spellings for spellings in cases.values() if len(spellings) > 1]
    if alike:
        _log.warning("%s: names that differ in letter case only are different people: %s.", where, _listed(alike))


def _listed(groups: Sequence[Sequence[str]]) -> str:
    more = len(groups) - _SHOWN
    listed = "; ".join("/".join(f"'{to_printable(name)}'" for name in group) for group in groups[:_SHOWN])
    return listed + (f" and {more} more" if more > 0 else "")
