"""What an attack is aimed at: everything of a person but the photograph itself, or somebody else, drawn by name."""

from collections import Counter

import pytest
import torch
from torch.nn.functional import normalize

from fdemd.attacks import SourcedFaces, anchors, draw_victims
from fdemd.errors import InputError

GALLERY = SourcedFaces(
    torch.randn(5, 4, generator=torch.Generator().manual_seed(1)),
    ["Ann", "Ann", "Ann", "Bob", "Cy"],
    ["a1", "a2", "a3", "b1", "c1"],
)
UNIT = normalize(GALLERY.embedding)


def test_dodging_leaves_the_twin_out_and_takes_the_mirror_image() -> None:
    mirrored = torch.randn(3, 4)
    queries = SourcedFaces(mirrored, ["Ann", "Bob", "Eve"], ["a2", "b1", "e1"])
    found = anchors(queries, GALLERY, queries.identity)
    torch.testing.assert_close(found[0], normalize(UNIT[0] + UNIT[2] + normalize(mirrored[0], dim=0), dim=0))
    torch.testing.assert_close(found[1], normalize(mirrored[1], dim=0)), "Bob has this photograph only"
    torch.testing.assert_close(found[2], normalize(mirrored[2], dim=0)), "the gallery does not know Eve"


def test_impersonation_is_towards_the_centre_of_the_victims_photographs() -> None:
    queries = SourcedFaces(torch.randn(2, 4), ["Bob", "Eve"], ["b1", "e1"])
    found = anchors(queries, GALLERY, ["Ann", "Cy"])
    torch.testing.assert_close(found, torch.stack([normalize(UNIT[:3].sum(0), dim=0), UNIT[4]]))


def test_victims_are_drawn_by_name_whatever_the_order() -> None:
    people = [f"P{number}" for number in range(6)]
    names = [f"{person}/{number}.jpg" for person in people for number in range(300)]
    own = [name.split("/")[0] for name in names]
    drawn = dict(zip(names, draw_victims(names, own, people, seed=0), strict=True))
    assert all(victim != name.split("/")[0] for name, victim in drawn.items())
    assert drawn == dict(zip(names[::-1], draw_victims(names[::-1], own[::-1], people[::-1] * 2, seed=0), strict=True))
    assert drawn != dict(zip(names, draw_victims(names, own, people, seed=1), strict=True))
    of_first = Counter(victim for name, victim in drawn.items() if name.startswith("P0/"))
    assert len(of_first) == 5
    assert min(of_first.values()) > 35, "everybody is as likely"


def test_a_stranger_may_impersonate_anybody_and_nobody_is_left_alone_with_oneself() -> None:
    assert draw_victims(["e.jpg"], ["Eve"], ["Ann"], seed=0) == ["Ann"]
    with pytest.raises(InputError, match="nobody but Ann"):
        draw_victims(["a.jpg"], ["Ann"], ["Ann"], seed=0)
