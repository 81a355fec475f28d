"""Photographs to fit on and to measure with: no person in both, the same whatever order the archive has."""

import io
import tarfile
from pathlib import Path

import pytest

from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.manifest_file import read_manifest, write_manifest
from fdemd.errors import InputError
from fdemd.repro.auto_alpha_fit import draw_fitted_people
from fdemd.repro.trust_sample import FIT, MOST_OF_A_PERSON, TEST, Sizes, draw_sample, read_archive, write_samples

PEOPLE = {f"Person_{number}": [f"Person_{number}_{k:04}" for k in range(1, number % 7 + 2)] for number in range(80)}
SIZES = {FIT: Sizes(40, 3), TEST: Sizes(30, 5)}


def person(name: str) -> str:
    return name.rpartition("_")[0]


def test_nobody_is_in_both_parts_and_the_halves_are_those_of_auto() -> None:
    found = draw_sample(PEOPLE, 0, SIZES)
    fitted = draw_fitted_people(PEOPLE, 0)
    assert all(person(name) in fitted for name in found[FIT])
    assert not any(person(name) in fitted for name in found[TEST])
    for part, sizes in SIZES.items():
        several = [name for name in found[part] if len(PEOPLE[person(name)]) > 1]
        assert sizes.several <= len(several) < sizes.several + MOST_OF_A_PERSON
        assert len(found[part]) - len(several) == sizes.single


def test_the_draw_does_not_depend_on_the_order() -> None:
    assert draw_sample(dict(reversed(PEOPLE.items())), 0, SIZES) == draw_sample(PEOPLE, 0, SIZES)
    assert draw_sample(PEOPLE, 1, SIZES) != draw_sample(PEOPLE, 0, SIZES)


def test_names_come_from_the_archive(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "lfw-deepfunneled.tar", "w") as archive:
        for name in ("lfw/Bob/Bob_0002.jpg", "lfw/Bob/Bob_0001.jpg", "lfw/.DS_Store", "lfw/Ann/Ann_0001.jpg"):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    assert read_archive(tmp_path) == {"Bob": ["Bob_0001", "Bob_0002"], "Ann": ["Ann_0001"]}
    with pytest.raises(InputError, match="give the folder with --lfw DIR"):
        read_archive(tmp_path / "nothing")


def test_each_part_has_a_manifest_in_which_single_photographs_are_gallery_only(tmp_path: Path) -> None:
    rows = tuple(
        Photograph(f"faces/{who}/{name}.png", who, f"faces/{who}/{name}.png", aligned="dlib")
        for who, names in PEOPLE.items()
        for name in names
    )
    write_manifest(Manifest(tmp_path, rows), tmp_path / "manifest.csv")
    sample = draw_sample(PEOPLE, 0, SIZES)
    files = write_samples(tmp_path, sample)
    for part, file in files.items():
        photographs = read_manifest(file).photographs
        assert {Path(each.path).stem for each in photographs} == sample[part]
        assert {each.is_query for each in photographs if len(PEOPLE[each.identity]) == 1} == {False}
        assert all(each.is_gallery for each in photographs)
    with pytest.raises(InputError, match=r"has no face of Nobody_0001\.jpg"):
        write_samples(tmp_path, {FIT: {"Nobody_0001"}})
