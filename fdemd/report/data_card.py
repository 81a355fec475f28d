"""What a run's data are: name, content, counts and terms."""

from __future__ import annotations

from typing import Any

from fdemd.data.manifest import Manifest

_RESEARCH = "For research, under its authors' terms; photographs of people are personal data."
_TERMS = {
    "orl": "Free to use with acknowledgement of AT&T Laboratories Cambridge.",
    "folder": "The user's own photographs; photographs of people are personal data.",
    "manifest": "The user's own photographs; photographs of people are personal data.",
    **dict.fromkeys(("agedb", "calfw", "casia", "cfp", "lfw", "lfw1680", "mlfw", "talfw"), _RESEARCH),
}


def terms(name: str) -> str:
    """The terms of use of a data set by the name of its config; sets made from another one have the other's.

    >>> terms("orl_masked") == terms("orl")
    True
    """
    return _TERMS.get(name.partition("_")[0], "Unknown; ask where the photographs come from.")


def data_card(name: str, manifest: Manifest, sha256: str) -> dict[str, Any]:
    """A data set as a run's log shows it.

    Args:
        name: of its config.
        manifest: its photographs.
        sha256: of its content, such as :attr:`fdemd.data.aligned.AlignedFaces.digest`.
    """
    return {
        "name": name,
        "sha256": sha256,
        "photographs": len(manifest),
        "people": len({photograph.identity for photograph in manifest.photographs}),
        "terms": terms(name),
    }
