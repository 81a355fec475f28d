"""evaluate.py as a user runs it: on a few real people, on spoilt folders, with wrong settings."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from fdemd.cli.command_line import main
from fdemd.emd.engines import FAST
from fdemd.jobs import run
from tests.short_training import quick

Outcome = tuple[int, str, Path]


@pytest.fixture
def evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Runs evaluate.py; gives the status, what it printed, and the run's folder if it made one."""

    def call(*arguments: object) -> Outcome:
        output = tmp_path / "out"
        status = main("evaluate", run, "test", ["data.num_workers=0", f"output='{output}'", *quick(*arguments)])
        printed = capsys.readouterr()
        folders = (
            sorted(output.iterdir(), key=lambda folder: folder.stat().st_mtime_ns) if output.is_dir() else [output]
        )
        return status, printed.out + printed.err, folders[-1] if folders else output

    return call


def results(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text())


def table(folder: Path) -> list[dict]:
    """The figures, without what differs between two runs of the same thing."""
    return results(folder)["results"]


def test_a_run_leaves_everything_behind(evaluate, few_people: Path) -> None:
    status, printed, folder = evaluate("--rerank", "data=folder", f"data.root='{few_people}'")
    assert status == 0
    assert str(folder) in printed.replace("\n", "")
    assert {path.name for path in folder.iterdir()} == {
        "config.yaml",
        "left_out.csv",
        "picture.png",
        "queries.csv",
        "results.csv",
        "results.json",
        "results.md",
    }
    for protocol in ("leave-twin-out", "official"):
        assert f"protocol {protocol}" in printed
    facts = results(folder)
    assert facts["data"]["photographs"] == 20
    assert facts["rerank"]["alpha"] == 0.7
    assert facts["versions"]["torch"]
    rows = facts["results"]
    assert {(row["query"], row["stage"]) for row in rows} == {
        (kind, stage)
        for kind in ("clean", "mask", "sunglass", "crop", "rotate")
        for stage in ("stage 1", "stage 2", "gain", "maximum")
    }
    assert next(csv.DictReader((folder / "results.csv").open()))["query"] == "clean"
    assert yaml.safe_load((folder / "config.yaml").read_text())["rerank"]["k"] == 100
    with Image.open(folder / "picture.png") as picture:
        assert picture.width > 1000
        assert np.asarray(picture).std() > 20, "the picture is blank"


def test_batch_size_workers_and_repetition_change_no_figure(evaluate, few_people: Path) -> None:
    arguments = ("data=folder", f"data.root='{few_people}'", "query=[clean,mask]")
    arguments = (*arguments, "k=5", "features.store=false")
    first = table(evaluate(*arguments)[2])
    assert table(evaluate(*arguments, "data.batch_size=3")[2]) == first
    assert table(evaluate(*arguments, "data.batch_size=64", "data.num_workers=2")[2]) == first


def test_features_are_computed_once(evaluate, few_people: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    arguments = ("model=dlib", "data=folder", f"data.root='{few_people}'", f"data.cache='{cache}'", "k=5")
    _, printed, first = evaluate(*arguments, "query=[clean,mask]")
    assert f"Features in {cache / 'features'}: clean, mask to be computed." in printed
    assert results(first)["features"] == {"clean": "computed", "mask": "computed"}
    _, printed, second = evaluate(*arguments, "query=[clean,mask]")
    assert f"Features in {cache / 'features'}: clean, mask from an earlier run." in printed
    assert results(second)["features"] == {"clean": "stored", "mask": "stored"}
    _, printed, third = evaluate(*arguments, "query=[crop,mask]", "alpha=0.5")
    assert results(third)["features"] == {"clean": "stored", "crop": "computed", "mask": "stored"}
    _, printed, without = evaluate(*arguments, "query=[clean,mask]", "features.store=false")
    assert "Features in" not in printed
    assert table(first) == table(second) == table(without)
    assert "8x8 patches in float16" in (first / "results.md").read_text()
    assert results(first)["patch_precision"] == "float16"


def test_damaged_features_are_told_and_computed_again(
    evaluate, few_people: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = tmp_path / "cache"
    arguments = ("data=folder", f"data.root='{few_people}'", f"data.cache='{cache}'", "query=clean", "k=5")
    first = table(evaluate(*arguments)[2])
    (patches,) = cache.glob("features/*/patches")
    content = bytearray(patches.read_bytes())
    content[1000] ^= 0xFF
    patches.write_bytes(content)
    folder = evaluate(*arguments)[2]
    assert "are damaged (patches was changed); they are computed again" in caplog.text
    assert results(folder)["features"] == {"clean": "computed"}
    assert table(folder) == first


def test_compact_patches_give_nearly_the_same_and_are_stored_as_others(
    evaluate, few_people: Path, tmp_path: Path
) -> None:
    words = [
        "--rerank",
        "data=folder",
        f"data.root='{few_people}'",
        f"data.cache='{tmp_path / 'cache'}'",
        "query=clean",
    ]
    full, small = (evaluate(*words, "k=5", f"features.patches={kind}")[2] for kind in ("full", "compact"))
    for one, other in zip(table(full), table(small), strict=True):
        assert one["MAP@R"] == pytest.approx(other["MAP@R"], abs=1)
    assert "patches in compact int8" in (small / "results.md").read_text()
    assert results(small)["rerank"]["engine"] != "stored"


def test_whole_precision_of_the_patches(evaluate, few_people: Path) -> None:
    arguments = ("data=folder", f"data.root='{few_people}'", "query=mask", "k=5")
    half, whole = (evaluate(*arguments, f"features.dtype={dtype}")[2] for dtype in ("float16", "float32"))
    for one, other in zip(table(half), table(whole), strict=True):
        assert one["MAP@R"] == pytest.approx(other["MAP@R"], abs=0.1)
    assert "patches in" not in (whole / "results.md").read_text()


def test_alpha_0_reports_stage_1_twice(evaluate, few_people: Path) -> None:
    rows = table(evaluate("alpha=0", "data=folder", f"data.root='{few_people}'", "query=mask")[2])
    by_stage = {row["stage"]: [row["P@1"], row["RP"], row["MAP@R"]] for row in rows}
    assert by_stage["stage 1"] == by_stage["stage 2"]


def test_a_gallery_is_enrolled_with_copies(evaluate, few_people: Path) -> None:
    words = ["data=folder", f"data.root={few_people}", "query=[clean,mask]", "rerank.alpha=calibrated"]
    status, printed, plain = evaluate(*words)
    assert status == 0, printed
    status, printed, copied = evaluate(*words, "copies=[mask,sunglass]")
    assert status == 0, printed
    assert "search a gallery enrolled with copies: mask, sunglass." in (copied / "results.md").read_text()
    assert results(copied)["copies"] == ["mask", "sunglass"]
    before, after = (list(csv.DictReader((folder / "queries.csv").open())) for folder in (plain, copied))
    assert [row["path"] for row in before] == [row["path"] for row in after]
    changed = {row["query"] for row, other in zip(before, after, strict=True) if row != other}
    assert changed == {"mask"}, "clean queries search the gallery as it is"


def test_no_rerank_is_stage_1_alone(evaluate, few_people: Path) -> None:
    status, _, folder = evaluate("--no-rerank", "data=folder", f"data.root='{few_people}'", "query=[clean,crop]")
    assert status == 0
    assert {row["stage"] for row in table(folder)} == {"stage 1"}


@pytest.mark.parametrize(
    "setting",
    ["weighting=lmk", "weighting=uew stop=official", "rerank.grid=[4,4]", "model.grid=4", "legacy_self_count=true"],
)
def test_settings_of_the_second_stage(evaluate, few_people: Path, setting: str) -> None:
    arguments = ("data=folder", f"data.root='{few_people}'", "query=mask", *setting.split())
    status, printed, folder = evaluate("model=dlib", *arguments)
    assert status == 0, printed
    assert table(folder)[1]["stage"] == "stage 2"


@pytest.mark.parametrize("goal", ["dodging", "impersonation"])
def test_adversarial_queries_are_a_row_of_the_table(evaluate, few_people: Path, goal: str) -> None:
    arguments = ("data=folder", f"data.root='{few_people}'", "query=[clean,adversarial]", "attack=mi_fgsm", "steps=4")
    status, printed, folder = evaluate("--rerank", *arguments, f"goal={goal}", "protocols=[leave-twin-out]")
    assert status == 0, printed
    first = {row["query"]: row["P@1"] for row in table(folder) if row["stage"] == "stage 1"}
    assert first["clean"] == 100
    assert first["adversarial"] <= 70
    notes = (folder / "results.md").read_text()
    assert "mi_fgsm, 4 steps of 2/255 within 8/255, momentum 1 on the evaluated network" in notes
    assert ("Queries that find first the person they imitate:" in notes) == (goal == "impersonation")


def test_stage_1_by_an_index_says_what_it_misses(evaluate, few_people: Path) -> None:
    pytest.importorskip("faiss")
    arguments = ("--no-rerank", "data=folder", f"data.root='{few_people}'", "query=[clean,mask]")
    exact = table(evaluate(*arguments)[2])
    for index in ("faiss_flat", "faiss_hnsw", "faiss_ivf stage1.nlist=4 stage1.nprobe=4"):
        status, printed, folder = evaluate(*arguments, *f"stage1={index}".split())
        assert status == 0, printed
        assert "100.00 % of the first 5 (of 20 queries)" in " ".join(printed.split())
        assert table(folder) == exact
        recalls = results(folder)["stage1"]["recall"]
        assert {(each["query"], each["mean"], each["queries"]) for each in recalls} == {
            ("clean", 1, 20),
            ("mask", 1, 20),
        }


def test_a_sweep_runs_every_point_into_a_folder_of_its_own(evaluate, few_people: Path) -> None:
    status, printed, folder = evaluate("alpha=0,1", "data=folder", f"data.root='{few_people}'", "query=clean")
    assert status == 0
    assert "sweep 2/2: rerank.alpha=1" in printed
    assert sorted(results(run)["rerank"]["alpha"] for run in folder.parent.iterdir()) == [0.0, 1.0]


def test_every_point_of_a_sweep_is_a_wandb_run_of_its_own_without_faces(evaluate, few_people: Path) -> None:
    status, printed, folder = evaluate(
        "alpha=0,1", "data=folder", f"data.root='{few_people}'", "query=clean", "logger=wandb", "logger.offline=true"
    )
    assert status == 0, printed
    assert printed.count("upload them with: wandb sync") == 2
    for point in folder.parent.iterdir():
        (files,) = point.glob("wandb/offline-run-*/files")
        assert {path.name for path in (files / "media").iterdir()} == {"table"}, "no picture was asked for"


def test_pictures_made_ahead_come_as_a_manifest(evaluate, people: Path) -> None:
    """Queries that lie in files of their own; `source` says which photograph they were made from."""
    shutil.copytree(people / "s1", people / "made" / "s1")
    rows = ["path,identity,source,is_query,is_gallery"]
    rows += [f"s{n}/{i}.pgm,s{n},s{n}/{i}.pgm,0,1" for n in (1, 2) for i in (1, 2, 3, 4)]
    rows += [f"made/s1/{i}.pgm,s1,s1/{i}.pgm,1,0" for i in (1, 2, 3, 4)]
    (people / "list.csv").write_text("\n".join(rows))
    status, printed, folder = evaluate("data=manifest", f"data.manifest='{people / 'list.csv'}'", "query=clean")
    assert status == 0, printed
    facts = results(folder)
    assert (facts["data"]["queries"], facts["data"]["gallery"]) == (4, 8)
    assert {row["protocol"] for row in facts["results"]} == {"leave-twin-out", "official"}
    official = [row for row in facts["results"] if row["protocol"] == "official"]
    assert all(row["P@1"] == 100 for row in official if row["stage"] != "gain"), "the twin is there"


def test_queries_that_no_gallery_knows_have_one_table(evaluate, people: Path) -> None:
    """Probes and gallery are other photographs: no protocol leaves anything out, and both give the same figures."""
    rows = ["path,identity,is_query,is_gallery"]
    rows += [f"s{n}/{i}.pgm,s{n},{int(i < 3)},{int(i > 2)}" for n in (1, 2, 3) for i in (1, 2, 3, 4)]
    (people / "list.csv").write_text("\n".join(rows))
    given = ("data=manifest", f"data.manifest='{people / 'list.csv'}'", "query=[clean,mask]", "k=5")
    status, printed, folder = evaluate(*given)
    assert status == 0, printed
    text = (folder / "results.md").read_text()
    assert text.count("| query | stage |") == 1
    assert "protocols leave-twin-out and official, which are the same here: no query's photograph is in the" in text
    by_protocol: dict[str, list[dict]] = {}
    for row in table(folder):
        by_protocol.setdefault(row.pop("protocol"), []).append(row)
    assert by_protocol["leave-twin-out"] == by_protocol["official"], "whoever looks for either finds it"
    status, printed, folder = evaluate(*given, "experiment=open_set")
    assert status == 0, printed
    assert (folder / "results.md").read_text().count("| at FPIR |") == 1


def test_every_query_is_a_line_with_the_best_five_of_both_stages(evaluate, people: Path) -> None:
    status, printed, folder = evaluate(
        "model=dlib", "data=folder", f"data.root='{people}'", "query=[clean,crop]", "alpha=auto", "k=10", "--rerank"
    )
    assert status == 0, printed
    with (folder / "queries.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 20 * 3, "clean under leave-one-out, crops under two protocols"
    for line in lines:
        assert 0 <= float(line["alpha"]) <= 1
        for stage in ("stage 1", "stage 2"):
            names = [line[f"{stage} name {place}"] for place in range(1, 6)]
            scores = [float(line[f"{stage} score {place}"]) for place in range(1, 6)]
            assert scores == sorted(scores, reverse=True)
            if (rank := int(line[f"{stage} rank"])) <= 5:
                assert names.index(line["person"]) + 1 == rank
            else:
                assert line["person"] not in names
    for row in table(folder):
        if row["stage"] in ("stage 1", "stage 2"):
            chosen = [one for one in lines if (one["query"], one["protocol"]) == (row["query"], row["protocol"])]
            right = sum(one[f"{row['stage']} rank"] == "1" for one in chosen)
            assert row["P@1"] == pytest.approx(100 * right / len(chosen), abs=1e-3)


def test_odd_files_are_used_or_listed_never_lost(evaluate, people: Path) -> None:
    """Each of the table of bad inputs in one folder; what can be used is used, the rest is counted and listed."""
    photograph = Image.open(people / "s1" / "1.pgm")
    odd = people / "s1" / "Zoë's photos 張"
    odd.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph.rotate(90, expand=True).save(odd / "turned camera.jpg", exif=exif)
    photograph.convert("RGBA").save(odd / "see-through.png")
    Image.fromarray(np.asarray(photograph).astype(np.uint16) * 257).save(odd / "deep.png")
    photograph.convert("RGB").save(odd / "colour.PNG")
    Image.new("RGB", (1, 1)).save(odd / "dot.png")
    (odd / "letter.jpg").write_text("Dear Sir")
    (odd / "half.png").write_bytes((odd / "colour.PNG").read_bytes()[:3000])
    (odd / "notes.txt").touch()
    status, printed, folder = evaluate("--no-rerank", "data=folder", f"data.root='{people}'", "query=[clean,mask]")
    assert status == 0, printed
    facts = results(folder)["data"]
    assert (facts["photographs"], facts["queries"]) == (27, 24)
    assert (facts["unreadable"], facts["ignored"]) == (3, 1)
    assert "3 unreadable" in printed
    listed = {Path(row["path"]).name: row["problem"] for row in csv.DictReader((folder / "left_out.csv").open())}
    assert listed == {
        "dot.png": "unreadable",
        "half.png": "unreadable",
        "letter.jpg": "unreadable",
        "notes.txt": "ignored",
        **dict.fromkeys(("see-through.png", "deep.png", "colour.PNG"), "twin"),  # the very pixels of 1.pgm
    }


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["model=arcfce"], "arcfce"),
        (["weighting=acp"], "did you mean apc"),
        (["data=orll"], "did you mean orl"),
        (["alpha=2"], "alpha is 2"),
        (["k=0"], "k is 0"),
        (["eps=0"], "eps is 0"),
        (["query=no_such_kind"], "no_such_kind"),
        (["protocols=[oficial]"], "did you mean official"),
        (["rerank.grid=[16,16]"], "8x8"),
        (["query.crop.side=3"], "query.crop.side is 3"),
        (["query=adversarial", "attack=pdg"], "did you mean pgd"),
        (["query=adversarial", "budget=0"], "query.adversarial.budget is 0"),
        (["query=adversarial", "query.adversarial.model={checkpoint:x}"], "it must say its backbone"),
        (["model.checkpoint=/nowhere/weights.dat"], "/nowhere/weights.dat"),
        (["weighting=cc", "model.grid=4"], "choose another weighting"),
        (["data=folder"], "data.root"),
        (["data=folder", "data.root=/nowhere at all"], "/nowhere at all does not exist"),
        (["data=manifest", "data.manifest=/nowhere.csv"], "/nowhere.csv does not exist"),
        (["data.batch_size=0"], "data.batch_size is 0"),
        (["data.num_workers=-1"], "data.num_workers is -1"),
        (["protocols=[]"], "protocols"),
        (["~rerank"], "no setting can be removed"),
        (["trainer.accelerator=abacus"], "abacus"),
        (["--rernk"], "--rerank"),
        (["--rerank", "rerank.method=none"], "write rerank=CHOICE"),
        (["data.name=manifest"], "write data=CHOICE"),
        (["model.backbone=facenet"], "write model=CHOICE"),
        (["stage1.search=faiss_ivf"], "write stage1=CHOICE"),
        (["stage1=faiss_ivf", "stage1.nprobe=0"], "stage1.nprobe is 0"),
        (["rerank.grid=5"], "takes [rows,columns], such as [4,4], not '5'"),
        (["seed=-1"], "seed is -1"),
        (["features.dtype=flaot16"], "did you mean float16"),
        (["data.root=2024"], "data folder 2024 does not exist"),
        (["model.checkpoint=5"], "5"),
        (["trainer.precision=transformer-engine"], "trainer"),
    ],
)
def test_a_mistake_gives_one_sentence_and_status_2(evaluate, arguments: list[str], complaint: str) -> None:
    status, printed, folder = evaluate(*arguments)
    assert status == 2, printed
    assert complaint in printed
    assert not folder.is_dir() or not any(folder.iterdir()), "a run that failed left a folder behind"
    message = printed.strip().splitlines()[-1]
    assert message.startswith("evaluate: ")
    assert "Traceback" not in printed


@pytest.mark.parametrize("content", ["empty", "one person", "only text"])
def test_folders_without_enough_people(evaluate, people: Path, content: str) -> None:
    if content != "one person":
        shutil.rmtree(people)
        people.mkdir()
    if content == "only text":
        for person in ("a", "b"):
            (people / person).mkdir()
            (people / person / "1.jpg").write_text("Dear Sir")
    if content == "one person":
        for person in ("s2", "s3", "s4", "s5"):
            shutil.rmtree(people / person)
    status, printed, _ = evaluate("data=folder", f"data.root='{people}'")
    expected = {
        "empty": "no photographs",
        "one person": "one person only (s1)",
        "only text": "none of the 2 photographs",
    }
    assert status == 2
    assert expected[content] in printed


def test_people_with_one_photograph_each_cannot_be_found(evaluate, people: Path) -> None:
    for photograph in people.glob("*/[2-4].pgm"):
        photograph.unlink()
    status, printed, _ = evaluate("--no-rerank", "data=folder", f"data.root='{people}'", "query=clean")
    assert status == 2
    assert "two photographs or more" in printed


def test_a_query_with_nobody_to_find_is_lone_and_drawn_without_faces(evaluate, people: Path) -> None:
    rows = ["path,identity,is_gallery", *(f"s{n}/{i}.pgm,s{n},1" for n in (1, 2) for i in (1, 2))]
    (people / "list.csv").write_text("\n".join([*rows, "s3/1.pgm,s3,0"]))
    status, printed, folder = evaluate("data=manifest", f"data.manifest='{people / 'list.csv'}'", "query=[clean,mask]")
    assert status == 0, printed
    assert "1 are lone, without another photograph" in printed
    assert "k 4" in printed, "the gallery is smaller than k"
    assert (folder / "picture.png").is_file()


def test_names_that_look_like_markup_are_just_names(evaluate, people: Path, tmp_path: Path) -> None:
    (people / "s1").rename(people / "$_{$ [bold]x")
    status, printed, _ = evaluate(
        "--no-rerank", "data=folder", f"data.root='{people}'", "query=clean", f"output='{tmp_path}/out[/x]'"
    )
    assert status == 0, printed
    assert "out[/x]" in printed.replace("\n", "")


def test_results_in_the_data_folder_are_not_a_person(evaluate, people: Path) -> None:
    arguments = ("--no-rerank", "data=folder", f"data.root='{people}'", "query=clean", f"output='{people}/outputs'")
    evaluate(*arguments)
    status, printed, _ = evaluate(*arguments)
    assert status == 0, printed
    assert "20 photographs of 5 people" in printed


def test_ctrl_c_while_embedding_is_a_sentence(evaluate, few_people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fdemd.embedding.datasets.EmbeddingModule.test_step", interrupt)
    arguments = ("data=folder", f"data.root='{few_people}'", "query=clean", "features.store=false")
    status, printed, _ = evaluate(*arguments)
    assert status == 130
    assert "stopped by Ctrl-C" in printed
    assert "Traceback" not in printed


def test_half_precision_is_float32_again_in_the_transport(evaluate, few_people: Path) -> None:
    arguments = ("data=folder", f"data.root='{few_people}'", "query=mask", "k=5")
    whole, half = (table(evaluate(*arguments, f"trainer.precision={name}")[2]) for name in ("32-true", "bf16-mixed"))
    assert [row["P@1"] for row in half] == pytest.approx([row["P@1"] for row in whole], abs=10)


def test_an_untrained_network_says_so(evaluate, few_people: Path) -> None:
    status, printed, _ = evaluate(
        "--no-rerank",
        "model=timm",
        "model.face_size=[64,64]",
        "data=folder",
        f"data.root='{few_people}'",
        "query=clean",
    )
    assert status == 0, printed
    assert "weights are random" in " ".join(printed.split())


def test_similarities_are_computed_once(evaluate, few_people: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    words = ("--rerank", "data=folder", f"data.root='{few_people}'", f"data.cache='{cache}'", "query=mask", "k=5")
    first, again = (results(evaluate(*words)[2]) for _ in range(2))
    assert first["rerank"]["engine"] != again["rerank"]["engine"] == "stored"
    assert first["results"] == again["results"]
    assert results(evaluate(*words, "features.store=false")[2])["rerank"]["engine"] != "stored"


def test_without_the_compiled_engine_a_run_says_that_it_is_slower(
    evaluate, few_people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = FAST["cpu"]._replace(missing=lambda: "it was not compiled at installation")
    monkeypatch.setitem(FAST, "cpu", without)
    words = ["--rerank", "data=folder", f"data.root='{few_people}'", "query=[clean]", "features.store=false"]
    status, printed, folder = evaluate(*words)
    assert status == 0
    assert "slower than it can be: it was not compiled" in " ".join(printed.split())
    assert results(folder)["rerank"]["engine"] == "reference"


@pytest.mark.parametrize("precision", ["32-true", "16-mixed", "bf16-mixed"])
def test_every_precision_that_is_taken_can_be_evaluated_with(
    precision: str, few_people: Path, run_evaluate: Callable[..., tuple[int, str, Path]]
) -> None:
    words = ["data=folder", f"data.root='{few_people}'", "data.num_workers=0", "trainer=cpu", "rerank.k=3"]
    words += ["rerank.patches=projected", "query=clean", "logger=none", f"trainer.precision={precision}"]
    status, printed, folder = run_evaluate(*words, "model=timm", "model.name=test_resnet", "model.face_size=[112,112]")
    assert status == 0, printed
    assert len(json.loads((folder / "results.json").read_text())["results"]) == 4
