"""Which protocols have a table of their own, and what is said of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fdemd.data.accounting import Account
from fdemd.retrieval.protocol import LEAVE_ONE_OUT, LEAVE_TWIN_OUT, OFFICIAL

PROTOCOL_MEANING = {
    LEAVE_TWIN_OUT: "the photograph a query was made from is not in its gallery",
    OFFICIAL: "the photograph a query was made from stays in its gallery",
    LEAVE_ONE_OUT: "every query is a gallery photograph and is left out of its own gallery",
}


def tables_of(measured: Collection[str], asked: Sequence[str], account: Account) -> list[str]:
    """Return the protocols to show a table of: those asked for, or one where all of them come to the same.

    Args:
        measured: Protocols of the figures, see :func:`fdemd.retrieval.protocol.measured_protocols`.
        asked: Protocols that were asked for.
        account: What became of the photographs. Where no query's photograph is in the gallery, no protocol leaves
            anything out.
    """
    if set(measured) == {LEAVE_ONE_OUT}:
        return [LEAVE_ONE_OUT]
    return list(asked) if account.twins else list(asked[:1])


def protocol_title(protocol: str, asked: Sequence[str], account: Account) -> str:
    """Return ``protocol official: the photograph ...``, or that all of those asked for come to the same."""
    if protocol == LEAVE_ONE_OUT or account.twins or len(asked) < 2:
        return f"protocol {protocol}: {PROTOCOL_MEANING[protocol]}"
    return f"protocols {' and '.join(asked)}, which are the same here: no query's photograph is in the gallery"
