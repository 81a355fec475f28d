"""Kinds of mistakes are mistakes for everybody who does not tell them apart."""

import pytest

from fdemd.errors import InputError
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.refusals import NotThereError, TakenError, UnavailableError
from tests.gallery.made_gallery import photograph


@pytest.mark.parametrize("kind", [NotThereError, TakenError, UnavailableError])
def test_they_are_input_errors(kind: type[InputError]) -> None:
    assert issubclass(kind, InputError)


def test_a_gallery_tells_them_apart(gallery: Gallery) -> None:
    gallery.enrol("Ann", photograph("Ann"))
    gallery.enrol("Bob", photograph("Bob"))
    for who in ("Cem", 77, 10**30, -1):
        with pytest.raises(NotThereError):
            gallery.remove(who)
    with pytest.raises(NotThereError):
        gallery.picture(77)
    with pytest.raises(TakenError):
        gallery.rename("Ann", "Bob")
