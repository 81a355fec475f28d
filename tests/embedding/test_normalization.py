"""align=ida as a user runs it: nobody of the cohort is in the test, and strength 0 is the plain cosine."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from fdemd.data.manifest import Manifest
from fdemd.data.manifest_file import write_manifest
from fdemd.data.sources import orl_manifest

ORL = orl_manifest()


@pytest.fixture
def evaluate(run_evaluate):
    """Runs evaluate.py; gives the status, what it printed, and the newest folder."""

    def call(*arguments: object) -> tuple[int, str, Path]:
        words = ["data.num_workers=0", "logger=none", *map(str, arguments)]
        return run_evaluate(*words)

    return call


@pytest.fixture
def data(few_people: Path) -> tuple[str, ...]:
    """Five people, clean and masked, the second stage on short lists."""
    return "data=folder", f"data.root='{few_people}'", "query=[clean,mask]", "k=5"


@pytest.fixture
def strangers(tmp_path: Path) -> str:
    """A manifest of three people of ORL who are not among the five, one photograph of whom is damaged."""
    chosen = tuple(each for each in ORL.photographs[200:230] if Path(each.path).stem in ("1", "2", "3"))
    folder = tmp_path / "strangers"
    for photograph in chosen:
        (folder / photograph.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ORL.file(photograph), folder / photograph.path)
    (folder / chosen[0].path).write_bytes(b"no image")
    write_manifest(Manifest(folder, chosen), folder / "cohort.csv")
    return f"align.manifest='{folder / 'cohort.csv'}'"


def results(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text())


def figures(folder: Path, stage: str) -> list[dict]:
    """Of one stage, without its name."""
    rows = [row for row in results(folder)["results"] if row["stage"] == stage]
    return [{name: value for name, value in row.items() if name != "stage"} for row in rows]


def test_people_of_the_data_become_the_cohort(evaluate, data: tuple[str, ...]) -> None:
    status, _, folder = evaluate(*data, "align=ida", "align.people=2", "align.size=4")
    assert status == 0
    facts = results(folder)
    assert facts["data"]["queries"] == facts["data"]["gallery"] == 12
    assert facts["align"]["cohort"] == {"people": 2, "photographs": 8, "left_out": 0}
    assert [row["stage"] for row in facts["results"][:5]] == ["cosine", "stage 1", "stage 2", "gain", "maximum"]
    told = (folder / "results.md").read_text()
    assert (
        "(ida, strength 0.5) by the mean of the cosines to the 4 nearest among 8 photographs of 2 other people" in told
    )


@pytest.mark.parametrize(
    "way", ["align=ida", "align=snorm", "align=ida align.support=virtual", "align=ida support=learned"]
)
def test_strength_0_gives_the_plain_cosine(evaluate, data: tuple[str, ...], strangers: str, way: str) -> None:
    folder = evaluate(*data, *way.split(), strangers, "align.size=4", "align.strength=0")[2]
    assert figures(folder, "stage 1") == figures(folder, "cosine")
    plain = evaluate(*data)[2]
    for stage in ("stage 1", "stage 2", "maximum"):
        assert figures(folder, stage) == figures(plain, stage)


def test_a_cohort_of_its_own_tells_what_it_leaves_out(evaluate, data: tuple[str, ...], strangers: str) -> None:
    folder = evaluate(*data, "align=ida", strangers)[2]
    assert results(folder)["align"]["cohort"] == {"people": 3, "photographs": 8, "left_out": 1}
    assert results(folder)["data"]["gallery"] == 20
    left_out = list(csv.DictReader((folder / "left_out.csv").open()))
    assert [row["problem"] for row in left_out] == ["unreadable"]
    assert "3 people of cohort.csv, 1 of its files left out" in (folder / "results.md").read_text()


def test_somebody_of_the_test_in_the_cohort_is_refused(evaluate, data: tuple[str, ...], tmp_path: Path) -> None:
    chosen = tuple(each for each in ORL.photographs if each.identity in ("s1", "s2", "s30"))
    write_manifest(Manifest(ORL.root, chosen), tmp_path / "cohort.csv")
    words = "align=ida", f"align.manifest='{tmp_path / 'cohort.csv'}'", f"align.root='{ORL.root}'"
    status, printed, _ = evaluate(*data, *words)
    tested = sorted({each.identity for each in chosen} & {each.name for each in (Path(data[1][11:-1])).iterdir()})
    assert status == 2
    assert tested
    assert f"has people who are in the test: {', '.join(tested)}; it must be of others only." in printed


def test_a_photograph_of_the_test_under_another_name_is_refused(
    evaluate, data: tuple[str, ...], few_people: Path, strangers: str
) -> None:
    manifest = Path(strangers.partition("'")[2][:-1])
    victim = sorted(few_people.rglob("*.*"))[0]
    copy = sorted(manifest.parent.glob("*/*"))[-1]
    shutil.copy(victim, copy)
    status, printed, _ = evaluate(*data, "align=ida", strangers)
    assert status == 2
    assert f"{copy.parent.name}/{copy.name}, which is the photograph {victim.relative_to(few_people)} of the" in printed


def test_an_estimator_is_kept_and_does_without_a_cohort(evaluate, data: tuple[str, ...], strangers: str) -> None:
    first = evaluate(*data, "align=ida", "support=learned", strangers)[2]
    (file,) = first.glob("estimator_*.safetensors")
    facts = results(first)["align"]
    assert file.stem == f"estimator_{facts['estimator_sha256'][:12]}"
    assert facts["mean_absolute_error"]["faces"] == 20
    status, _, again = evaluate(*data, "align=ida", "support=learned", f"estimator='{file}'", "people=0")
    assert status == 0
    assert results(again)["results"] == results(first)["results"]
    assert results(again)["align"]["cohort"]["people"] == 0
    own = evaluate("query=clean", "k=5", "align=ida", "support=learned", f"estimator='{file}'", "people=0")
    assert own[0] == 2
    assert f"The cohort of {file} has people who are in the test" in own[1].replace("evaluate: the", "The")


def test_a_study_puts_alignments_beside_each_other(evaluate, data: tuple[str, ...]) -> None:
    points = (
        'study.points=[["align=ida","align.people=2","align.size=4"],["align=ida","align.people=2","align.strength=0"]]'
    )
    status, _, folder = evaluate(
        *data[:2], "query=mask", "k=5", "experiment=ood", "study.methods=[{method: emd, alpha: [0, 0.7]}]", points
    )
    assert status == 0
    rows = [row for row in results(folder)["results"] if row["protocol"] == "leave-twin-out"]
    assert [row["align"] for row in rows] == 5 * ["ida, strength 0.5"] + 5 * ["ida, strength 0"]
    assert [row["method"] for row in rows[:5]] == ["cosine", "stage 1", "maximum", "emd", "emd"]
    plain, aligned, at_0 = (rows[number]["MAP@R"] for number in (5, 6, 8))
    assert plain == aligned == at_0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("align.people=4", "align.people is 4, but"),
        ("align.people=1", "a cohort needs two people at least"),
        ("stage1=faiss_flat align.people=2", "normalized cosines need stage1=exact"),
        ("align.strength=-1", "align.strength is -1"),
        ("align.manifest=nowhere.csv", "nowhere.csv does not exist"),
        (
            "align.people=0 align.support=learned align.estimator=nowhere.safetensors",
            "nowhere.safetensors cannot be read",
        ),
        ("experiment=open_set", "the open set compares plain cosines"),
        ("align.method=snorm", "write align=CHOICE instead"),
    ],
)
def test_mistakes_are_told_in_a_sentence(evaluate, data: tuple[str, ...], words: str, complaint: str) -> None:
    status, printed, _ = evaluate(*data, "align=ida", *words.split())
    assert status == 2
    assert complaint.lower() in printed.lower()
    assert "Traceback" not in printed
