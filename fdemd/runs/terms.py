"""The terms of use of data sets."""

from __future__ import annotations

_RESEARCH = "For research, under its authors' terms; photographs of people are personal data."
_TERMS = {
    "orl": "Free to use with acknowledgement of AT&T Laboratories Cambridge.",
    **dict.fromkeys(
        ("folder", "manifest", "pairs"), "The user's own photographs; photographs of people are personal data."
    ),
    **dict.fromkeys(("agedb", "calfw", "casia", "cfp", "lfw", "lfw1680", "mlfw", "talfw"), _RESEARCH),
}


def terms(name: str) -> str:
    """Return the terms of use of a data set by the name of its config; derived sets have the terms of their original.

    >>> terms("orl_masked") == terms("orl")
    True
    """
    return _TERMS.get(name.partition("_")[0], "Unknown; ask where the photographs come from.")
