"""All settings of a job: what has to go together."""

import pytest

from tests.settings.conftest import Told


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("protocols=[]", "protocols is []; give at least one"),
        ("protocols=[official,official]", "protocols is [official,official]; give at least one, each once:"),
        ("metrics=[P@1,RP,P@1]", "metrics is [P@1,RP,P@1]; give at least one, each once, such as metrics=[P@1]."),
        ("output=", "output is ''; it must be a path (. is the folder you are in)."),
        ("experiment=ood metrics=[RP]", "job is study, which compares by P@1, but metrics are RP; add P@1 to metrics."),
        ("experiment=seeds metrics=[MAP@R,RP]", "job is seeds, which compares by P@1, but metrics are MAP@R, RP; add"),
        ("experiment=table4 table4.finetuned=[x] metrics=[RP]", "job is table4, which compares by P@1, but metrics"),
        ("experiment=table4", "table 4 needs finetuned weights"),
        ("align=ida stage1=faiss_flat", "stage1.search is faiss_flat, which ranks by the cosine"),
        ("copies=[mask,mask]", "copies is [mask,mask]; give each kind once"),
        ("copies=[mask] stage1=faiss_flat", "a gallery enrolled with copies is searched by the jobs"),
        ("copies=[mask] experiment=open_set", "a gallery enrolled with copies is searched by the jobs"),
        ("job=sutdy", "unknown job 'sutdy' (did you mean study?)"),
        ("job=study", "job is study, which needs the settings study; choose an experiment that has them."),
        ("experiment=ood job=evaluate", "job is evaluate, but the settings study are those of study; leave job away."),
        (
            "experiment=open_set data=lfw_pairs",
            "job is open_set, which searches a gallery, but data=lfw_pairs is a list",
        ),
        ("data=lfw_pairs job=evaluate", "job is evaluate, which searches a gallery, but data=lfw_pairs is a list"),
        ("job=verify", "job is verify, but data=orl is no list of pairs; choose data=lfw_pairs, say."),
    ],
)
def test_a_wrong_setting_is_told(line: str, sentence: str, told: Told) -> None:
    assert told("evaluate", line).startswith(sentence)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("resume=", "resume is ''; it must be a path"),
        ("rerank=emd rerank.alpha=calibrated", "rerank.alpha is calibrated, and a network that is being trained has"),
        ("rerank=emd rerank.visible=mass", "rerank.visible needs a calibration, and a network that is being trained"),
    ],
)
def test_a_wrong_setting_is_told_to_a_training(line: str, sentence: str, told: Told) -> None:
    assert told("train", line).startswith(sentence)
