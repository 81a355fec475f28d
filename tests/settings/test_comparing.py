"""Sections ``study``, ``open_set``, ``table4`` and ``trials``: what they refuse, in a sentence."""

import pytest

from tests.settings.conftest import Told


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("experiment=ood study.methods=emd", "study.methods takes a list such as [emd], not 'emd'."),
        ("experiment=ood study.methods=[emd]", "study.methods[0] takes a section {KEY: VALUE}, not 'emd'."),
        ("experiment=ood study.methods=[]", "study.methods is []; give at least one"),
        ("experiment=ood study.methods=[{method:[emd]}]", "unknown study.methods[0].method"),
        ("experiment=ood study.methods=[{weighting:apc}]", "study.methods[0] is {weighting:apc}; it must say its me"),
        ("experiment=ood study.methods=[{method:emd,alpha:2}]", "study.methods[0].alpha is 2; it must lie between"),
        ("experiment=ood study.methods=[{method:emd,alpha:[0,[1]]}]", "study.methods[0].alpha[1] takes a number"),
        ("experiment=ood study.methods=[{method:emd,k:[0]}]", "study.methods[0].k[0] is 0; at least 1 candidate"),
        ("experiment=ood study.methods=[{method:emd,grid:[4]}]", "study.methods[0].grid[0] is [4]; it must be [rows"),
        ("experiment=ood study.methods=[{method:emd,k1:3}]", "there is no setting study.methods[0].k1."),
        ("experiment=ood study.points=lfw", "study.points takes a list such as [lfw], not 'lfw'."),
        ("experiment=ood study.points=[lfw]", "study.points[0] takes a list such as [lfw], not 'lfw'."),
        ("experiment=ood study.points=[[{a:1}]]", "study.points[0][0] takes text, not '{a:1}'."),
        (
            "experiment=ood study.points=[[5]]",
            "study.points[0][0] takes text, not the number 5; put it in quotes: '5'.",
        ),
        ("experiment=table4 table4.finetuned=[1.5]", "table4.finetuned[0] takes text, not the number 1.5;"),
        ("experiment=ood study.sample=0", "study.sample is 0; it must be at least 1 query, or null for all."),
        ("experiment=ood study.name=../../x", "study.name is ../../x; it becomes part of a folder's name"),
        ("experiment=ood study.paper=table9", "unknown study.paper 'table9'"),
        ("experiment=open_set open_set.outside=1", "open_set.outside is 1; it must lie above 0 and below 1"),
        ("experiment=open_set open_set.rank=[1]", "open_set.rank takes a whole number, not '[1]'."),
        ("experiment=seeds trials.seeds=0", "trials.seeds takes a list such as [0], not '0'."),
        ("experiment=seeds trials.seeds=[0,0]", "trials.seeds is [0,0]; it must list different numbers"),
        ("experiment=seeds trials.seeds=[]", "trials.seeds is []; it must list different numbers"),
        ("experiment=seeds trials.trainings=[arcface]", "trials.trainings[0] takes a section"),
        ("experiment=seeds trials.trainings=[{name:a}]", "trials.trainings[0] is {name:a}; it must say its settings."),
        ("experiment=seeds trials.trainings=[{name:a/b,settings:[]}]", "trials.trainings[0].name is a/b; it becomes"),
    ],
)
def test_a_wrong_setting_is_told(line: str, sentence: str, told: Told) -> None:
    assert told("evaluate", line).startswith(sentence)
