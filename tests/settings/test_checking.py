"""What the command line says of settings that no run could use, before anything heavy is imported."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fdemd.cli.command_line import main, plan
from fdemd.errors import InputError
from fdemd.settings.checking import check_settings, text_settings
from fdemd.settings.jobs import SCHEMAS, Evaluate


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
        ("data.batch_size=0", "data.batch_size is 0; a batch has at least 1 face."),
        ("data.num_workers=-1", "data.num_workers is -1; it must be 0 (no extra process) or more."),
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
        ("protocols=[]", "protocols is []; give at least one"),
        ("data.detector=hog", "unknown data.detector 'hog'; choose one of dlib, mtcnn."),
        ("model.grid=3", "unknown model.grid '3'; choose one of 2, 4, 8."),
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
        ("logger=wandb logger.tags=[5]", "logger.tags[0] takes text, not the number 5; put it in quotes: '5'."),
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
        ("trainer.precision=64-true", "unknown trainer.precision '64-true' (did you mean 32-true?)"),
        ("experiment=table4", "table 4 needs finetuned weights"),
        # What does not go together.
        ("weighting=uew", "weighting uew gives the two faces different totals"),
        ("align=ida align.support=cohort align.estimator=x", "align.estimator is for align.support=learned"),
        ("align=ida align.least=9 align.most=3", "align.least is 9 and align.most 3;"),
        ("align=ida stage1=faiss_flat", "stage1.search is faiss_flat, which ranks by the cosine"),
        # Jobs.
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
def test_a_wrong_setting_is_one_sentence(line: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    def never(config: dict[str, Any]) -> None:
        pytest.fail("ran")

    assert main("evaluate", never, "Rank.", shlex.split(line)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"evaluate: {sentence}")
    assert err.endswith(".\n")
    assert err.count("\n") == 1


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


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("optimizer.lr=0", "optimizer.lr is 0; it must be above 0."),
        ("optimizer.lr=[1]", "optimizer.lr takes a number, not '[1]'."),
        ("loss.margin=2", "loss.margin is 2; ArcFace's is an angle in radians, 0 to 1.57"),
        ("loss=otface loss.transport.weighting=lmk", "unknown loss.transport.weighting 'lmk'"),
        ("batches.order=random", "unknown batches.order 'random'"),
        ("validation.people=-1", "validation.people is -1; it must be 0 (nobody) or more."),
        ("trainer.max_steps=0", "trainer.max_steps is 0; nothing would be trained."),
        ("trainer.max_steps=-1", "the run would never end"),
        ("trainer.precision=8", "unknown trainer.precision '8'"),
        ("trainer.precision=16-true", "unknown trainer.precision '16-true' (did you mean 32-true?); choose one of 16-"),
        ("trainer.precision=bf16-true", "unknown trainer.precision 'bf16-true' (did you mean bf16-mixed?)"),
        ("trainer.precision=64-true", "unknown trainer.precision '64-true' (did you mean 32-true?)"),
        ("trainer.precision=16", "unknown trainer.precision '16'"),
        ("trainer.gradient_clip_val=-1", "trainer.gradient_clip_val is -1; it must be 0 (no limit) or above."),
        ("data.mask_share=2", "data.mask_share is 2; it must lie between 0 (no face) and 1 (every face)."),
        ("augment.crop=0.95", "augment.crop is 0.95; it must lie between 0 (nothing is cut off) and 0.9."),
        ("logger.kind=x", "logger.kind belongs to the choice of logger; write logger=CHOICE instead."),
    ],
)
def test_a_wrong_setting_of_a_training_is_one_sentence(line: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        plan("train", shlex.split(line))
    assert str(caught.value).lower().startswith(sentence.lower())


def test_mistakes_are_told_before_torch_is_imported() -> None:
    program = (
        "import sys\n"
        "from fdemd.jobs.commands import evaluate\n"
        "status = evaluate(['k=0'])\n"
        "sys.exit(0 if status == 2 and 'torch' not in sys.modules else 1)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


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
