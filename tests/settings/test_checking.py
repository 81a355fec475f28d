"""What the command line says of settings that no run could use, before anything heavy is imported."""

import os
from pathlib import Path

import pytest

from fdemd.cli.command_line import plan
from fdemd.errors import InputError
from fdemd.settings.checking import changed, check_settings, text_settings
from fdemd.settings.jobs import SCHEMAS, Evaluate
from fdemd.settings.normalization import NoNormalization
from fdemd.settings.ranking import FlatSearch, KReciprocalRerank
from tests.settings.conftest import Told


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        # Ranges.
        ("k=0", "rerank.k is 0; at least 1 candidate must be re-ranked (the paper has 100)."),
        ("k=99999999999", "rerank.k is 99999999999; at least 1 candidate must be re-ranked"),
        ("alpha=1.5", "rerank.alpha is 1.5; it must lie between 0 (cosine of embeddings alone) and 1"),
        ("alpha=nan", "rerank.alpha takes a number between 0 and 1, auto or calibrated, not 'nan'."),
        ("alpha=true", "rerank.alpha takes a number between 0 and 1, auto or calibrated, not 'true'."),
        ("alpha=[0,1]", "rerank.alpha takes a number between 0 and 1, auto or calibrated, not '[0,1]'."),
        ("eps=0", "rerank.eps is 0; it must lie between 0.0029 and 10 (the paper has 0.05)."),
        ("eps=inf", "rerank.eps is inf; it must lie between 0.0029 and 10"),
        ("seed=-1", "seed is -1; it must lie between 0 and 4294967295."),
        ("stage1=faiss_hnsw stage1.m=1", "stage1.m is 1; it must be a whole number from 2 to 1024."),
        ("stage1=faiss_hnsw ef_search=99999999999", "stage1.ef_search is 99999999999; it must be a whole number"),
        ("query=crop query.crop.side=0", "query.crop.side is 0; it must be above 0 and at most 1 (the paper has 0.7)."),
        (
            "query=rotate query.rotate.degrees=[45,15]",
            "query.rotate.degrees is [45,15]; it must be [smallest,",
        ),
        ("query=rotate query.rotate.degrees=[1,2,3]", "query.rotate.degrees is [1,2,3]; it must be"),
        ("query=blur query.blur.sigma=[0,0.1]", "query.blur.sigma is [0,0.1]; it must be [smallest, largest]"),
        ("rerank.grid=4", "rerank.grid takes [rows,columns], such as [4,4], not '4'."),
        ("rerank.grid=[4]", "rerank.grid is [4]; it must be [rows, columns], such as [4,4]; up to 4096 each."),
        ("rerank.grid=[0,4]", "rerank.grid is [0,4]; it must be [rows, columns]"),
        ("align=snorm align.strength=2", "align.strength is 2; it must be between 0 (cosine) and 1"),
        # Names.
        ("weighting=acp", "unknown rerank.weighting 'acp' (did you mean apc?); choose one of apc,"),
        ("weighting=[apc]", "unknown rerank.weighting '[apc]'"),
        ("weighting={a:1}", "unknown rerank.weighting '{a:1}'"),
        ("protocols=[loose]", "unknown protocols[0] 'loose'"),
        ("query=mask query.mask.kinds=[veil]", "unknown query.mask.kinds[0] 'veil'"),
        ("query=mask query.mask.kinds=[]", "query.mask.kinds is []; choose one kind of mask or more."),
        ("features.dtype=int8", "unknown features.dtype 'int8'"),
        # Shapes: lists and dictionaries where neither belongs, and the other way round.
        ("seed=[1,2]", "seed takes a whole number, not '[1,2]'."),
        ("k={a:1}", "rerank.k takes a whole number, not '{a:1}'."),
        ("k=1.0", "rerank.k takes a whole number, not '1.0'."),
        ("protocols=official", "protocols takes a list such as [official], not 'official'."),
        ("protocols={a:1}", "protocols takes a list, not '{a:1}'."),
        ("features=[1]", "features takes a section {KEY: VALUE}, not '[1]'."),
        ("features=1", "features takes a section {KEY: VALUE}, not '1'."),
        ("features.store=[true]", "features.store takes true or false, not '[true]'."),
        ("query=mask query.mask.kinds=surgical", "query.mask.kinds takes a list such as [surgical]"),
        ("query=adversarial query.adversarial.model=[dlib]", "query.adversarial.model takes a section"),
        ("query=adversarial query.adversarial.model=dilb", "unknown query.adversarial.model.backbone 'dilb'"),
        ("query=adversarial query.adversarial.model={checkpoint:x}", "query.adversarial.model is {checkpoint:x}; it"),
        ("query=adversarial query.adversarial.model={backbone:dlib,depth:3}", "there is no setting query.adversarial."),
        ("query=adversarial query.adversarial.model={backbone:{a:1}}", "unknown query.adversarial.model.backbone"),
        ("query=adversarial query.adversarial.budget=0", "query.adversarial.budget is 0; it must be a whole number"),
        ("query=adversarial query.adversarial.step_size=[1]", "query.adversarial.step_size takes a number, not '[1]'."),
        # What does not go together.
        ("weighting=uew", "weighting uew gives the two faces different totals"),
        ("align=ida align.support=cohort align.estimator=x", "align.estimator is for align.support=learned"),
        ("align=ida align.least=9 align.most=3", "align.least is 9 and align.most 3;"),
        # Jobs.
    ],
)
def test_a_wrong_setting_is_one_sentence(line: str, sentence: str, told: Told) -> None:
    assert told("evaluate", line).startswith(sentence)


_HUGE = f"1{'0' * 400}"
"""Python's whole numbers have no end; its floats end at 1.8e308."""


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (f"rerank.alpha={_HUGE}", f"rerank.alpha takes a number between 0 and 1, auto or calibrated, not '{_HUGE}'."),
        (f"rerank.eps={_HUGE}", f"rerank.eps takes a number, not '{_HUGE}'."),
        (f"model=onnx model.mean={_HUGE}", "model.mean takes a number, or a list of three"),
        (f"query=rotate query.rotate.degrees=[0,{_HUGE}]", "query.rotate.degrees[1] takes a number"),
        (
            "rerank.grid=[4,4097]",
            "rerank.grid is [4,4097]; it must be [rows, columns], such as [4,4]; up to 4096 each.",
        ),
        ("model=onnx model.face_size=[4097,4]", "model.face_size takes [height,width] in pixels up to 4096"),
        (f"seed={'1' * 4000}", f"seed is {'1' * 4000}; it must lie between"),
        (f"seed={'1' * 5001}", f"cannot read 'seed={'1' * 5001}'; a number in it has thousands of digits"),
        (f"seed=1,{'1' * 5001}", f"cannot read 'seed=1,{'1' * 5001}'; a number in it has thousands of digits"),
        *(
            (f"seed={'[' * depth}{']' * depth}", f"cannot read 'seed={'[' * depth}{']' * depth}'; ")
            for depth in (22, 150, 300, 600, 2000)
        ),
        (
            f"rerank.grid={'[' * 300}1{']' * 300}",
            f"cannot read 'rerank.grid={'[' * 300}1{']' * 300}'; lists within lists",
        ),
    ],
)
def test_numbers_and_lists_beyond_all_bounds_are_one_sentence(line: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        plan("evaluate", line.split())
    assert str(caught.value).startswith(sentence) or str(caught.value).lower().startswith(sentence)


def test_brackets_in_text_may_be_as_deep_as_they_like() -> None:
    (point,) = plan("evaluate", [f"output={'[' * 300}{']' * 300}"])
    assert point.settings.plain()["output"] == f"{'[' * 300}{']' * 300}"


def test_good_settings_are_typed_and_frozen() -> None:
    (point,) = plan("evaluate", ["rerank.alpha=auto", "rerank.grid=[4,4]"])
    settings = check_settings(SCHEMAS["evaluate"], point.settings.plain())
    assert isinstance(settings, Evaluate)
    assert settings.rerank.method == "emd"
    assert settings.rerank.grid == (4, 4)
    with pytest.raises(ValueError, match="frozen"):
        settings.seed = 1  # type: ignore[misc]


def test_numbers_as_text_reach_the_run_as_text() -> None:
    words = ["logger=wandb", "logger.tags=['5']", "model.checkpoint=007", "experiment=ood", "study.title=1e3"]
    (point,) = plan("evaluate", words)
    plain = point.settings.plain()
    found = plain["logger"]["tags"], plain["model"]["checkpoint"], plain["study"]["title"]
    assert found == (["5"], "007", "1e3")


@pytest.mark.parametrize(
    "name", [" a", "a ", "'a'", '"a"', r"a\,b", r"a\=b", "a,b", "a,", "${a}", "null", "[a]", "{a: b}"]
)
def test_a_path_that_is_there_is_taken_as_typed(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    for typed in (f"{tmp_path}/{name}", os.path.relpath(tmp_path / name)):
        (point,) = plan("evaluate", [f"data.root={typed}", f"output={typed}"])
        assert point.settings.plain()["data"]["root"] == point.settings.plain()["output"] == typed


def test_text_settings_are_those_of_the_choices_made() -> None:
    (point,) = plan("evaluate", ["data=folder", "data.root=x", "align=ida", "model=onnx"])
    texts = text_settings(Evaluate, point.settings.plain())
    assert {"data.root", "data.cache", "align.manifest", "model.checkpoint", "model.patches", "output"} <= texts
    assert not texts & {"data.batch_size", "model.alignment", "align.strength", "data.name"}


@pytest.mark.parametrize("path", ["/photos/José (2)", "/photos/it's [old]", "2024", "/photos/#1 & more"])
@pytest.mark.parametrize("setting", ["data.root", "data.cache", "model.checkpoint", "output"])
def test_every_setting_of_a_path_takes_it_as_typed(setting: str, path: str) -> None:
    (point,) = plan("evaluate", [f"{setting}={path}"])
    section, _, name = setting.rpartition(".")
    assert str((point.settings.plain()[section] if section else point.settings.plain())[name]) == path


def test_a_copy_with_other_values_is_checked_as_a_whole() -> None:
    (point,) = plan("evaluate", ["align=ida", "model=timm", "query=[mask]"])
    settings: Evaluate = point.settings
    other = changed(settings, seed=7, model=changed(settings.model, checkpoint="a.pt"))
    assert (other.seed, other.model.checkpoint) == (7, "a.pt")
    assert other.plain() == settings.plain() | {"seed": 7, "model": settings.plain()["model"] | {"checkpoint": "a.pt"}}
    for values, sentence in (
        ({"seed": -1}, "seed is -1; it must lie between 0 and 4294967295"),
        ({"sede": 1}, "There is no setting sede"),
        ({"stage1": FlatSearch()}, "normalized cosines need stage1=exact"),
    ):
        with pytest.raises(InputError, match=sentence):
            changed(settings, **values)
    with pytest.raises(InputError, match="There is no setting manifest"):
        changed(NoNormalization(method="none"), manifest="a.csv")


def test_an_unknown_setting_is_told_with_those_that_there_are() -> None:
    sentence = r"^There is no setting kk\. There are alpha, calibration, k, k1, k2, method\.$"
    with pytest.raises(InputError, match=sentence):
        check_settings(KReciprocalRerank, {"kk": 3})
