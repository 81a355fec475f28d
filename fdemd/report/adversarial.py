"""What an attack achieved, in a sentence."""

from __future__ import annotations

from fdemd.scoring.attack import AttackOutcome


def attack_note(outcome: AttackOutcome, protocol: str) -> str:
    """Return the attack in words, and how many of the queries pass for the person whom they imitate.

    >>> print(attack_note(AttackOutcome("fgsm", "dlib", "impersonation", {"official": {"stage 1": 0.25}}), "official"))
    fgsm on dlib, impersonation. Queries that find first the person they imitate: 25.0 % after stage 1.
    """
    note = f"{outcome.attack} on {outcome.network}, {outcome.goal}."
    if not outcome.imitated:
        return note
    shares = (f"{100 * share:.1f} % after {stage}" for stage, share in outcome.imitated[protocol].items())
    return f"{note} Queries that find first the person they imitate: {', '.join(shares)}."
