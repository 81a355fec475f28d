"""Verification: both halves of a mirrored embedding, and small runs on real faces."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from data_prep.__main__ import main as prepare
from fdemd.backbones import Backbone
from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.data.manifest import Manifest
from fdemd.data.manifest_file import write_manifest
from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.faces.reading import read_image
from fdemd.jobs.verify import WithMirrored, verify


def test_a_mirrored_face_has_the_same_two_halves_the_other_way_round(dlib_net: Backbone) -> None:
    faces = torch.rand(2, 3, *dlib_net.face_size)
    network = WithMirrored(dlib_net)

    with torch.inference_mode():
        plain, found, mirrored = dlib_net(faces), network(faces), network(faces.flip(-1))

    assert network.alignment == "dlib"
    torch.testing.assert_close(found.embedding[:, :128], plain.embedding)
    torch.testing.assert_close(found.patches, plain.patches)
    torch.testing.assert_close(mirrored.embedding, found.embedding.roll(128, dims=1))


# The whole run, on a few of ORL's people laid out as LFW is.
PEOPLE, PHOTOGRAPHS = 4, 2


@pytest.fixture(scope="module")
def lfw_like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``pairs.txt``, two folds of 2 x 3 pairs, beside ``lfw/``; P3's second photograph shows no face."""
    folder = tmp_path_factory.mktemp("lfw like")
    for person in range(PEOPLE):
        (folder / f"lfw/P{person}").mkdir(parents=True)
        for number in range(1, PHOTOGRAPHS + 1):
            image = read_image(orl_manifest().root / f"s{person + 1}/{number}.pgm")
            if (person, number) == (3, 2):
                image = np.zeros_like(image)
            Image.fromarray(image).save(folder / f"lfw/P{person}/P{person}_{number:04d}.jpg", quality=95)
    folds = [
        ["P0 1 2", "P1 1 2", "P2 1 2", "P0 1 P1 1", "P1 1 P2 1", "P2 1 P0 1"],
        ["P1 2 1", "P2 2 1", "P3 1 2", "P0 2 P1 2", "P1 2 P2 2", "P2 2 P3 2"],
    ]
    (folder / "pairs.txt").write_text("\n".join(["2 3", *folds[0], *folds[1], ""]), encoding="utf-8")
    return folder


def config_of(folder: Path, output: Path, *overrides: str, photographs: str = "") -> dict[str, Any]:
    photographs = photographs or f"data.root={folder / 'lfw'!s}"
    given = [photographs, f"data.pairs={folder / 'pairs.txt'!s}", f"output={output}"]
    quoted = [f'{key}="{value}"' for key, value in (entry.split("=", 1) for entry in given)]
    arguments = ["data=lfw_pairs", "data.num_workers=0", "trainer=cpu", *quoted, *overrides]
    (point,) = plan("evaluate", arguments, CONFIG_DIR)
    return point.settings


def test_a_run_leaves_a_table_a_picture_and_the_failures(lfw_like: Path, tmp_path: Path) -> None:
    report = verify(config_of(lfw_like, tmp_path))

    (folder,) = tmp_path.iterdir()
    facts = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    cosine, mixed = facts["results"]
    assert (cosine["similarity"], mixed["similarity"]) == ("cosine", "0.7 EMD + 0.3 cosine")
    # The dlib network tells these people apart; both pairs with the black photograph count as wrong.
    assert cosine["accuracy"] == pytest.approx(100 * (1 + 4 / 6) / 2, abs=1e-3)
    assert cosine["TAR@1e-1"] == pytest.approx(100 * 5 / 6, abs=1e-3)
    assert report.failed.nonzero()[:, 0].tolist() == [8, 11]
    assert facts["failed_pairs"] == [["P3/P3_0001.jpg", "P3/P3_0002.jpg"], ["P2/P2_0002.jpg", "P3/P3_0002.jpg"]]
    assert facts["data"]["no_face_found"] == 1
    with (folder / "left_out.csv").open(newline="", encoding="utf-8") as file:
        assert [row["path"] for row in csv.DictReader(file)] == ["P3/P3_0002.jpg"]
    with Image.open(folder / "roc.png") as picture:
        assert picture.size > (400, 300)
    text = (folder / "results.md").read_text(encoding="utf-8")
    assert "| cosine | 83.33 | 23.57 | 16.67 | 83.33 |" in text
    assert "A FAR of 0.1 or 0.01 or 0.001 or 0.0001 allows less than one of the 6 pairs of two people" in text
    assert "Pairs with one of these (2) count as wrong in the accuracy" in text
    assert {path.name for path in folder.iterdir()} == {
        "results.md", "results.csv", "results.json", "config.yaml", "left_out.csv", "roc.png",
    }  # fmt: skip


def test_a_prepared_set_gives_the_same_figures(lfw_like: Path, tmp_path: Path) -> None:
    """Faces aligned ahead, a list of those that have none, and the same list of pairs."""
    prepared, output = tmp_path / "prepared", tmp_path / "out"
    sources = ["--source", str(lfw_like / "lfw"), str(lfw_like / "pairs.txt"), "--workers", "1"]
    assert prepare(["lfw", *sources, "--out", str(prepared), "--template", "dlib", "--detector", "dlib"]) == 0
    from_prepared = verify(
        config_of(prepared / "lists", output, "--no-rerank", photographs=f"data.manifest={prepared / 'manifest.csv'}")
    )
    as_taken = verify(config_of(lfw_like, output, "--no-rerank"))
    assert from_prepared.results[0].points == as_taken.results[0].points
    assert torch.equal(from_prepared.results[0].accuracy.accuracy, as_taken.results[0].accuracy.accuracy)
    assert from_prepared.failed.nonzero()[:, 0].tolist() == [8, 11]
    assert [each[1:] for each in from_prepared.left_out] == [("no face found", "the detector dlib found none")]
    folder = next(
        folder for folder in output.iterdir() if "P3/P3_0002.jpg,no face" in (folder / "left_out.csv").read_text()
    )
    assert json.loads((folder / "results.json").read_text())["data"]["no_face_found"] == 1


def test_without_reranking_and_with_mirror_images(lfw_like: Path, tmp_path: Path) -> None:
    plain = verify(config_of(lfw_like, tmp_path, "--no-rerank"))
    both = verify(config_of(lfw_like, tmp_path, "--no-rerank", "data.flip=true"))

    assert [result.similarity for result in both.results] == ["cosine", "cosine, mirrored"]
    assert both.results[0].points == plain.results[0].points, "the mirror images change nothing else"


def test_a_normalized_cosine_stands_beside_the_plain_one(lfw_like: Path, tmp_path: Path) -> None:
    chosen = tuple(each for each in orl_manifest().photographs[200:230] if Path(each.path).stem in ("1", "2"))
    write_manifest(Manifest(orl_manifest().root, chosen), tmp_path / "cohort.csv")
    cohort = ["align=ida", f"align.manifest={tmp_path / 'cohort.csv'}", f"align.root={orl_manifest().root}"]

    report = verify(config_of(lfw_like, tmp_path / "out", *cohort, "data.flip=true"))

    names = [result.similarity for result in report.results]
    assert names == ["cosine", "cosine, mirrored", "normalized cosine", "0.7 EMD + 0.3 normalized cosine"]
    (folder,) = (tmp_path / "out").iterdir()
    facts = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert facts["align"]["cohort"] == {"people": 3, "photographs": 6, "left_out": 0}
    assert "among 6 photographs of 3 other people" in (folder / "results.md").read_text(encoding="utf-8")

    at_0 = verify(config_of(lfw_like, tmp_path / "out", *cohort, "align.strength=0"))
    plain, aligned = at_0.results[:2]
    assert torch.equal(plain.roc[0], aligned.roc[0])
    assert torch.equal(plain.accuracy.threshold, aligned.accuracy.threshold)


def test_the_cohort_of_pairs_is_of_other_people(lfw_like: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no gallery that people could leave; give align\.manifest"):
        verify(config_of(lfw_like, tmp_path, "align=ida"))
    listed = "path,identity\nP0/P0_0001.jpg,P0\nP1/P1_0001.jpg,Somebody\n"
    (tmp_path / "cohort.csv").write_text(listed, encoding="utf-8")
    cohort = ["align=ida", f"align.manifest={tmp_path / 'cohort.csv'}", f"align.root={lfw_like / 'lfw'}"]
    with pytest.raises(InputError, match="has people who are in the test: P0; it must be of others only"):
        verify(config_of(lfw_like, tmp_path, *cohort))
    (tmp_path / "cohort.csv").write_text(listed.replace(",P0", ",Anybody"), encoding="utf-8")
    with pytest.raises(InputError, match=r"has P0/P0_0001\.jpg, which is the photograph P0/P0_0001\.jpg of the test"):
        verify(config_of(lfw_like, tmp_path, *cohort))


def test_features_are_computed_once(lfw_like: Path, tmp_path: Path) -> None:
    """With mirror images there are other embeddings."""
    runs = ["data.flip=false", "data.flip=true", "data.flip=true", "data.flip=false"]
    reports = [verify(config_of(lfw_like, tmp_path / "out", f"data.cache='{tmp_path}'", run)) for run in runs]

    assert [report.origin for report in reports] == ["computed", "computed", "stored", "stored"]
    for first, second in ((reports[0], reports[3]), (reports[1], reports[2])):
        assert [result.accuracy.mean for result in first.results] == [result.accuracy.mean for result in second.results]
        assert all(torch.equal(a.roc[1], b.roc[1]) for a, b in zip(first.results, second.results, strict=True))


def test_figures_go_to_the_logger_that_is_asked_for(lfw_like: Path, tmp_path: Path) -> None:
    verify(config_of(lfw_like, tmp_path, "--no-rerank", "logger=csv"))

    (metrics,) = tmp_path.glob("*/metrics.csv")
    (row,) = csv.DictReader(metrics.open())
    assert float(row["cosine/accuracy"]) == pytest.approx(83.33, abs=0.01)


def test_one_fold_is_not_enough(lfw_like: Path, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("1\nP0 1 2\nP0 1 P1 1\n", encoding="utf-8")
    with pytest.raises(InputError, match="has one fold only"):
        verify(config_of(lfw_like, tmp_path, f"data.pairs={tmp_path / 'one.txt'}"))


def test_an_unknown_detector_is_refused(lfw_like: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Unknown data\.detector 'mtcn'"):
        verify(config_of(lfw_like, tmp_path, "data.detector=mtcn"))
