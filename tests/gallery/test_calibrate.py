"""Thresholds from the gallery's own people and a cohort, and the rate of strangers that comes out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import binom
from sqlalchemy import update

import fdemd
from fdemd.data.sources import orl_manifest
from fdemd.gallery import calibrate
from fdemd.gallery.calibrate import Thresholds
from fdemd.gallery.cohort import Cohort
from fdemd.gallery.faces import FaceReader
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.index import Snapshot
from fdemd.gallery.pin import Pin
from fdemd.gallery.schema import Photograph
from fdemd.gallery.search import Search
from fdemd.tensors.directions import unit
from tests.gallery.made_gallery import PIN, photograph


def named(gallery: Gallery, people: range, **how: object) -> float:
    """Share of some strangers who are not unknown."""
    answers = [gallery.identify(photograph(f"other {number}"), **how)[0] for number in people]  # type: ignore[arg-type]
    return float(np.mean([answer.decision != "unknown" for answer in answers]))


def test_a_small_gallery_rests_on_its_cohort_and_a_large_one_on_itself(gallery: Gallery) -> None:
    gallery.enrol("person 0", photograph("person 0"))
    pairs = gallery._thresholds.of(gallery._index.current())
    assert pairs.people == 1 and len(pairs.scores) > 500
    for number in range(1, calibrate.ENOUGH):
        gallery.enrol(f"person {number}", photograph(f"person {number}"))
    searches = gallery._thresholds.of(gallery._index.current())
    assert searches.people == 99 and len(searches.scores) == 100
    low, high = binom.interval(0.999, 200, 0.1)
    assert 0.5 * low / 200 <= named(gallery, range(200), fpir=0.1) <= 2 * high / 200


@pytest.mark.parametrize("worn", ["clean", "mask"])
def test_the_rate_comes_out_in_a_small_gallery(gallery: Gallery, worn: str) -> None:
    """20 people, 24 strangers in the cohort, 300 others: masks are drawn, and what is made of them is random here."""
    for number in range(20):
        gallery.enrol(f"person {number}", photograph(f"person {number}"))
    low, high = binom.interval(0.999, 300, 0.1)
    assert 0.5 * low / 300 <= named(gallery, range(300), fpir=0.1, worn=worn) <= 2 * high / 300


@pytest.mark.parametrize("pictures", [0, 3])
def test_where_hardly_any_pictures_are_kept_the_cohort_wears_it(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, pictures: int
) -> None:
    monkeypatch.setattr(calibrate, "ENOUGH", 6)
    for number in range(6):
        gallery.enrol(f"person {number}", photograph(f"person {number}"))
    with gallery.database.write() as session:
        session.execute(update(Photograph).where(Photograph.id > pictures).values(thumbnail=None))
    found = gallery._thresholds.measure(gallery._index.current(), "mask")
    assert len(found.scores) == len(gallery._thresholds._cohort.images)


def test_a_measurement_serves_until_the_gallery_has_grown(gallery: Gallery) -> None:
    gallery.enrol("Ann", photograph("Ann"))
    first = gallery._thresholds.of(gallery._index.current())
    gallery.enrol("Ann", photograph("Ann", shot=2))
    assert gallery._thresholds.of(gallery._index.current()) is first
    gallery.enrol("Bob", photograph("Bob"))
    assert gallery._thresholds.of(gallery._index.current()) is not first


def test_thresholds_rise_with_the_gallery_and_fall_with_the_rate(gallery: Gallery) -> None:
    gallery.enrol("Ann", photograph("Ann"))
    alone = gallery.threshold(0.01)
    for number in range(30):
        gallery.enrol(f"person {number}", photograph(f"person {number}"))
    assert gallery.threshold(0.01) > alone
    assert gallery.threshold(0.1) < gallery.threshold(0.01)


def test_thresholds_that_are_known_or_told_at_once(gallery: Gallery) -> None:
    gallery.enrol("Ann", photograph("Ann"))
    assert set(gallery.thresholds()) == {"clean"}
    mask = gallery.threshold(0.01, "mask")
    assert gallery.thresholds() == {"clean": gallery.threshold(0.01), "mask": mask}
    assert gallery.thresholds(1e-9) == {}


def test_a_stranger_of_the_cohort_who_is_enrolled_is_no_stranger(gallery: Gallery) -> None:
    before = gallery.threshold(0.01)
    gallery.enrol("one of them", photograph("stranger 3", shot=0))
    assert gallery.threshold(0.01) < before + 0.2


@pytest.fixture(scope="module")
def att() -> tuple[torch.Tensor, torch.Tensor]:
    """Unit embeddings of three AT&T photographs of each of the 40 people by SFace, and whose they are."""
    network = fdemd.create_backbone("sface")
    reader = FaceReader(network, Pin.of(network, "sface", "yunet"))
    seen = [(n, reader.read(orl_manifest().root / f"s{n}/{shot}.pgm")) for n in range(1, 41) for shot in (1, 4, 8)]
    found = [(n, photograph.faces[0].features.embedding[0]) for n, photograph in seen if photograph.faces]
    people, embeddings = zip(*found, strict=True)
    return unit(torch.stack(embeddings), "the embeddings"), torch.tensor(people)


def test_the_rate_that_was_promised_comes_out_on_real_faces(att: tuple[torch.Tensor, torch.Tensor]) -> None:
    """Of 40 people 14 are the cohort, 13 are enrolled and 13 play no part: over 30 such choices 10 % get a name."""
    embeddings, people = att
    search = Search(None, replace(PIN, patches="none"), None)  # type: ignore[arg-type] # it has nothing to read
    met = []
    for seed in range(30):
        drawn = torch.from_numpy(np.random.default_rng(seed).permutation(40)) + 1
        cohort, enrolled, others = (torch.isin(people, some) for some in drawn.split([14, 13, 13]))
        rows = torch.arange(int(enrolled.sum()))
        gallery = Snapshot(1, embeddings[enrolled], rows, people[enrolled], {})
        strangers = Cohort(people[cohort], calibrate._bare(embeddings[cohort]), [])
        calibration = Thresholds(None, search, None, strangers).measure(gallery)  # type: ignore[arg-type]
        best = [line[0].score for line in search.people(calibrate._bare(embeddings[others]), gallery)]
        met.append(np.mean(np.array(best) >= calibration.threshold(0.1, 13)))
    assert 0.05 < np.mean(met) < 0.2


def test_rows_are_spread_evenly() -> None:
    assert calibrate._spread(np.arange(5), 9).tolist() == [0, 1, 2, 3, 4]
    assert calibrate._spread(np.arange(100), 3).tolist() == [0, 50, 99]
