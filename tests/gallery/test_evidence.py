"""What an answer rests on adds up to its score."""

from dataclasses import replace
from pathlib import Path

import pytest

from fdemd.errors import InputError
from fdemd.gallery.gallery import Gallery
from tests.gallery.made_gallery import PIN, open_made, photograph


def test_the_numbers_are_those_of_the_answer(gallery: Gallery, tmp_path: Path) -> None:
    gallery.enrol("Ann", photograph("Ann", shot=1))
    gallery.enrol("Bob", photograph("Bob", shot=1))
    (answer,) = gallery.identify(photograph("Ann", shot=2))
    for place in (0, 1):
        candidate, found = answer.candidates[place], gallery.explain(answer, place)
        assert found.person == candidate.person
        assert found.explanation.mixed == pytest.approx(candidate.score, abs=1e-3)
        assert found.explanation.cosine == pytest.approx(candidate.cosine, abs=1e-5)
        assert found.explanation.emd == pytest.approx(candidate.emd, abs=1e-3)
        assert float(found.explanation.contributions.query.sum()) == pytest.approx(candidate.emd, abs=1e-3)
    found.save(tmp_path / "why.png")
    assert (tmp_path / "why.png").stat().st_size > 10_000


def test_what_cannot_be_shown_is_told(gallery: Gallery, tmp_path: Path) -> None:
    gallery.enrol("Ann", photograph("Ann", shot=1))
    (answer,) = gallery.identify(photograph("Ann", shot=2))
    with pytest.raises(InputError, match="has 1 candidates, and none at place 1"):
        gallery.explain(answer, 1)
    gallery.remove("Ann")
    with pytest.raises(InputError, match="was removed from the gallery since"):
        gallery.explain(answer)
    with open_made(tmp_path / "bare.db", pin=replace(PIN, patches="none", keep="none")) as bare:
        bare.enrol("Ann", photograph("Ann", shot=1))
        (answer,) = bare.identify(photograph("Ann", shot=2))
        assert (answer.person, answer.candidates[0].emd) == ("Ann", None)
        with pytest.raises(InputError, match="keeps no patches"):
            bare.explain(answer)
    with open_made(tmp_path / "unseen.db", pin=replace(PIN, keep="none")) as unseen:
        unseen.enrol("Ann", photograph("Ann", shot=1))
        (answer,) = unseen.identify(photograph("Ann", shot=2))
        with pytest.raises(InputError, match="there is no face to draw"):
            unseen.explain(answer).save(tmp_path / "why.png")
