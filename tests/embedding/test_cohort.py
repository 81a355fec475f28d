"""Who is in the cohort of a score normalization, and that nobody of them is in the test."""

from pathlib import Path

import pytest
import torch

from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.manifest_file import write_manifest
from fdemd.data.sources import orl_manifest
from fdemd.embedding.cohort import CohortFaces, describe_cohort
from fdemd.errors import InputError
from fdemd.settings.normalization import ScoreNormalization

ORL = orl_manifest()
TESTED = Manifest(ORL.root, ORL.photographs[:100])
"""Ten people."""


def manifest_of(photographs: tuple[Photograph, ...], folder: Path) -> str:
    path = folder / "cohort.csv"
    write_manifest(Manifest(ORL.root, photographs), path)
    return str(path)


def test_people_of_the_gallery_are_drawn_by_the_seed() -> None:
    settings = ScoreNormalization(people=3)
    first, again, other = (describe_cohort(settings, TESTED, seed, gallery=True) for seed in (0, 0, 1))
    assert len(first.drawn) == 3
    assert first == again != other
    assert first.manifest is None
    assert {path.partition("/")[0] for path in first.pictures.values()} == first.drawn


def test_a_manifest_takes_their_place(tmp_path: Path) -> None:
    manifest = manifest_of(ORL.photographs[100:120], tmp_path)
    cohort = describe_cohort(ScoreNormalization(manifest=manifest, root=str(ORL.root)), TESTED, 0, gallery=True)
    assert not cohort.drawn
    assert cohort.manifest is not None
    assert len(cohort.manifest) == len(cohort.pictures) == 20


def test_nobody_of_the_test_may_be_in_it(tmp_path: Path) -> None:
    manifest = manifest_of(ORL.photographs[90:120], tmp_path)
    with pytest.raises(InputError, match="has people who are in the test: s10; it must be of others only"):
        describe_cohort(ScoreNormalization(manifest=manifest, root=str(ORL.root)), TESTED, 0, gallery=True)


def test_pairs_have_no_gallery_that_people_could_leave() -> None:
    with pytest.raises(InputError, match=r"give align\.manifest=FILE\.csv"):
        describe_cohort(ScoreNormalization(), TESTED, 0, gallery=False)
    stored = ScoreNormalization(support="learned", estimator="stored.safetensors")
    assert not describe_cohort(stored, TESTED, 0, gallery=False).pictures


def test_people_become_numbers_in_the_order_of_their_names() -> None:
    photographs = [Photograph(f"{name}.jpg", name, f"{name}.jpg") for name in ("Cy", "Ann", "Cy", "Bob")]
    cohort = CohortFaces(torch.eye(4), photographs).cohort
    assert cohort.person.tolist() == [2, 0, 2, 1]
    assert cohort.people == 3
