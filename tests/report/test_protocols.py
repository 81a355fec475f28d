"""Protocols that come to the same have one table, which says so."""

import dataclasses
from typing import Any

import pytest

from fdemd.data.accounting import Account, Fates
from fdemd.report.protocols import protocol_title, tables_of

BOTH = ["leave-twin-out", "official"]
FATES = Fates(rows=4, used=4, no_face=0, unreadable=0, aside=0)
TWINS = Account(FATES, FATES, FATES, people=2, people_used=2, several=0, ignored=0, twins=4, copies=0, strangers=0)
APART = dataclasses.replace(TWINS, twins=0)


@pytest.mark.parametrize(
    ("measured", "account", "tables"),
    [
        (BOTH, TWINS, BOTH),
        (BOTH, APART, ["leave-twin-out"]),
        (["leave-one-out"], TWINS, ["leave-one-out"]),
        (["leave-one-out", *BOTH], TWINS, BOTH),
    ],
)
def test_one_table_for_protocols_that_are_the_same(measured: Any, account: Account, tables: list[str]) -> None:
    assert tables_of(measured, BOTH, account) == tables


def test_the_title_says_that_they_are_the_same() -> None:
    assert protocol_title("leave-twin-out", BOTH, APART) == (
        "protocols leave-twin-out and official, which are the same here: no query's photograph is in the gallery"
    )
    assert protocol_title("official", BOTH, TWINS).startswith("protocol official: the photograph a query")
    assert protocol_title("official", ["official"], APART).startswith("protocol official: the photograph a query")
