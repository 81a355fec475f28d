"""What a photograph must be like to be enrolled, so that a few bad ones do not poison a gallery: rules with numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdemd.gallery.covering import covered
from fdemd.gallery.faces import SeenFace

SMALLEST = 40.0
"""Pixels of the shorter side of a face's box: below it points of the face err by more than a tenth of the distance of
the eyes (docs of YuNet's looks), and networks were trained on 112."""
LEAST_SHARP = 20.0
"""Variance of the Laplacian, see :func:`fdemd.gallery.faces.sharpness`. Of 500 photographs of LFW 0.4 % have less,
and all but a few that are blurred by 2 pixels of 112."""
COVERED = 0.9
"""Probability, as the estimator of visibility sees it, from which a face counts as covered (docs/thresholds.md)."""
BYSTANDER = 0.5
"""A second face is somebody passing by if its side is less than half that of the first."""
NEAR_DUPLICATE = 1 / 30
"""A photograph adds nothing if 1 - cosine, to another one of the person, is this share of that of two strangers or
less: networks differ in how alike strangers are to them."""
UNLIKE = 0.05
"""A face is unlike the person's others if more than this share of pairs of strangers are as much alike."""


@dataclass(frozen=True)
class Finding:
    """What a rule says of a photograph.

    Attributes:
        rule: Its name: ``too small``, ``blurred``, ``covered``, ``several faces``, ``bystanders``, ``near duplicate``,
            ``unlike`` or ``lookalike``.
        sentence: What it found, with numbers.
        refuses: Whether the photograph is not enrolled, unless it is forced.
    """

    rule: str
    sentence: str
    refuses: bool


@dataclass(frozen=True)
class Likeness:
    """How a face compares with those who are enrolled.

    Attributes:
        own: Largest cosine with the person's own photographs; None without any.
        own_rate: Share of pairs of strangers who are as much alike.
        own_distance: 1 - cosine with the nearest of them, as a share of that of two strangers (median).
        other: Largest cosine with another person's photographs; None without any.
        other_rate: Share of strangers who would find somebody as much alike in this gallery.
        other_name: Who that person is.
    """

    own: float | None = None
    own_rate: float = 0.0
    own_distance: float = 1.0
    other: float | None = None
    other_rate: float = 1.0
    other_name: str = ""


def check_faces(faces: Sequence[SeenFace], chosen: int | None) -> list[Finding]:
    """Return what speaks against a face for what it looks like.

    Args:
        faces: All faces of the photograph, the most prominent first; at least one.
        chosen: Number of the one that was asked for; None leaves the choice to the rule.
    """
    face, findings = faces[chosen or 0], []
    if chosen is None and len(faces) > 1:
        second = max(other.side for other in faces[1:])
        share = second / face.side
        told = f"it shows {len(faces)} faces, the second {share:.0%} as large as the first".replace("%", " %")
        if share >= BYSTANDER:
            which = "say which, from 0, by face=NUMBER (--face NUMBER with --person NAME)"
            findings.append(Finding("several faces", f"{told}; {which}", True))
        else:
            findings.append(Finding("bystanders", f"{told}; the first was taken", False))
    if face.side < SMALLEST:
        findings.append(
            Finding("too small", f"its face is {face.side:.0f} pixels wide, and {SMALLEST:.0f} are needed", True)
        )
    if face.sharpness < LEAST_SHARP:
        findings.append(
            Finding(
                "blurred", f"its face has a sharpness of {face.sharpness:.0f}, and {LEAST_SHARP:.0f} is needed", True
            )
        )
    if (share := covered(face.conditions)) >= COVERED:
        sentence = f"its face is covered, by a mask, sunglasses or something else, with a probability of {share:.0%}"
        findings.append(Finding("covered", sentence.replace("%", " %"), True))
    return findings


def check_likeness(likeness: Likeness, fpir: float) -> list[Finding]:
    """Return what speaks against a face for whom it is like.

    Args:
        likeness: How it compares with those who are enrolled.
        fpir: Rate of strangers who get a name.
    """
    own, other = likeness.own, likeness.other
    findings = []
    if own is not None and likeness.own_distance <= NEAR_DUPLICATE:
        findings.append(Finding("near duplicate", f"it is nearly the same as another one (cosine {own:.2f})", False))
    if own is not None and likeness.own_rate > UNLIKE:
        sentence = (
            f"it is unlike the person's other photographs (cosine {own:.2f} at best; {likeness.own_rate:.0%} of "
            "strangers are as much alike)"
        )
        findings.append(Finding("unlike", sentence.replace("% of", " % of"), True))
    if other is not None and likeness.other_rate <= fpir and (own is None or other > own):
        findings.append(
            Finding("lookalike", f"it looks like {likeness.other_name} (cosine {other:.2f}); the same person?", True)
        )
    return findings
