"""Sections that make a job of many runs: ``study``, ``open_set``, ``table4`` and ``trials``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import model_validator

from fdemd.settings.methods import MethodEntry
from fdemd.settings.section import FolderName, Place, Section, Seed, Text, at_least, each_once, refuse, that, within

Words = list[Text]
"""Of a command line, such as ``[model=dlib, data=lfw]``."""


class Study(Section):
    """Section ``study``: methods side by side, at one point of the settings or several."""

    name: FolderName
    title: Text
    points: list[Words]
    sample: Annotated[int, at_least(1, "it must be at least 1 query, or null for all")] | None
    methods: Annotated[list[MethodEntry], that(bool, "give at least one, such as study.methods=[{method: emd}]")]
    paper: Literal["table1", "table2", "table3"] | None


class OpenSet(Section):
    """Section ``open_set``."""

    outside: Annotated[
        float,
        within(
            lambda share: 0 < share < 1,
            "it must lie above 0 and below 1: the share of people who are not in the gallery",
        ),
    ]
    rank: Annotated[int, at_least(1, "it must be 1 (the first place) or more")]


class Table4(Section):
    """Section ``table4``."""

    finetuned: list[Text]
    seeds: list[Seed]
    test_people: Annotated[int, at_least(0, "it must be 0 or more")]
    training: Words

    @model_validator(mode="after")
    def _has_networks(self) -> Table4:
        if not self.finetuned and not self.seeds:
            raise refuse("Table 4 needs finetuned weights; give table4.finetuned=[CHECKPOINT,...] or table4.seeds.")
        return self


class Training(Section):
    """An entry of ``trials.trainings``: a name, and words of the command line of ``train.py``."""

    name: FolderName
    settings: Words


class Trials(Section):
    """Section ``trials``."""

    name: FolderName
    title: Text
    seeds: Annotated[
        list[Seed],
        that(
            each_once,
            "it must list different numbers, such as [0,1,2]",
        ),
    ]
    test_people: Annotated[int, at_least(1, "people must be left for the test")]
    trainings: list[Training]
    align: list[Literal["ida", "snorm", "none"]]
    compare: bool
    resume: Place | None
