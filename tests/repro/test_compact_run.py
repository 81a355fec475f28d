"""Full and compact patches of made-up people: figures, bytes and speeds of every form."""

from types import SimpleNamespace

import pytest
import torch

from fdemd.emd import emd_similarity
from fdemd.emd.compact import compact, map_within
from fdemd.emd.engines import cpu
from fdemd.features import Features
from fdemd.repro import compact_run
from fdemd.repro.lfw_networks import NETWORKS
from fdemd.retrieval.protocol import Labels
from fdemd.settings.ranking import EmdRerank


def faces(people: torch.Tensor, seed: int) -> Features:
    """Photographs of people on a grid of 3x3 patches with 400 channels."""
    of_person = torch.randn(100, 9, 400, generator=torch.Generator().manual_seed(99))
    noise = torch.randn(len(people), 9, 400, generator=torch.Generator().manual_seed(seed))
    patches = (of_person[people] + 1.5 * noise).half()
    return Features(patches.float().mean(1), patches, (3, 3))


@pytest.fixture
def data() -> SimpleNamespace:
    people = torch.arange(12) % 6
    gallery = faces(people, 0), Labels.distinct(people)
    query = faces(people, 1), Labels.distinct(people, first=12)
    return SimpleNamespace(
        backbone=None,
        features={"clean": None, "mask": None},
        gallery=lambda: gallery,
        query=lambda kind: query,
        missed=lambda kind: query[1][:0],
    )


def test_every_form_has_its_bytes_and_figures(data: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact_run, "SIZES", (1024, 2048, 8192))
    fitted, section = faces(torch.arange(60), 2), EmdRerank(k=8)
    found = compact_run.measure(data, fitted, section, every=1, seconds=0)
    assert found["grid"] == "3x3x400"
    forms = {form["form"]: form for form in found["forms"]}
    assert {name: (form["channels"], form["bytes"]) for name, form in forms.items()} == {
        "float16": (400, 7200),
        "int8": (400, 9 * 404),
        "1 KiB": (109, 9 * 113),
        "2 KiB": (223, 9 * 227),
    }
    assert forms["1 KiB"]["map_sha256"] and not forms["int8"]["map_sha256"]
    rows = {(row["query"], row["form"]): row for row in found["rows"]}
    assert len(rows) == 2 * 4
    assert rows["clean", "float16"]["tau"] == 1
    assert 1 >= rows["clean", "int8"]["tau"] > rows["clean", "1 KiB"]["tau"]
    assert rows["clean", "int8"]["P@1"] == rows["clean", "float16"]["P@1"]
    if not cpu.missing():
        assert forms["float16"]["speed"][cpu.INSTRUCTIONS[0]] == 1


def test_the_map_is_of_the_faces_that_it_was_fitted_on(data: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact_run, "SIZES", (1024,))
    fitted = faces(torch.arange(60), 2)
    form = compact_run.forms_of(fitted)[-1]
    patch_map = map_within(fitted, 1024)
    query, gallery = data.query("clean")[0], data.gallery()[0]
    ours = emd_similarity(form.of(query), form.of(gallery)).similarity
    assert torch.equal(ours, emd_similarity(compact(query, patch_map), compact(gallery, patch_map)).similarity)


def test_projected_patches_are_measured_where_there_are_some() -> None:
    kinds = {network.name: [each.patches for each in compact_run.second_stages_of(network)] for network in NETWORKS}
    assert kinds["dlib"] == ["raw"]
    assert kinds["sface"] == ["raw", "projected"]
