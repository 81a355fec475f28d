"""Who acts is known in the thread that says so."""

from threading import Thread

import pytest

from fdemd.gallery.acting import acting, whoever_acts
from fdemd.gallery.gallery import Gallery
from tests.gallery.made_gallery import photograph


def test_it_ends_with_the_block_also_after_an_error() -> None:
    with acting("Ann"):
        with pytest.raises(RuntimeError), acting("Bob"):
            assert whoever_acts() == "Bob"
            raise RuntimeError
        assert whoever_acts() == "Ann"
    assert whoever_acts() is None


def test_other_threads_are_not_concerned() -> None:
    seen: list[str | None] = []
    with acting("Ann"):
        thread = Thread(target=lambda: seen.append(whoever_acts()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_changes_are_logged_as_whose_they_are(gallery: Gallery) -> None:
    with acting("front desk"):
        gallery.enrol("Ann", photograph("Ann"))
    gallery.rename("Ann", "Anna")
    assert [(each.action, each.actor) for each in gallery.changes()] == [("renamed", None), ("enrolled", "front desk")]
