"""Who may be compared with whom, on a gallery small enough to see."""

import pytest
import torch

from fdemd.errors import InputError
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, OFFICIAL, Labels, count_relevant, left_out

# Photographs 0, 1, 2 show person 0; photograph 3 shows person 1.
GALLERY = Labels(torch.tensor([0, 0, 0, 1]), torch.arange(4), torch.arange(4))
CLEAN = GALLERY
MASKED = Labels(GALLERY.identity, GALLERY.source, -1 - torch.arange(4))
EVERYONE = torch.arange(4).expand(4, -1)


def test_a_clean_query_never_finds_itself() -> None:
    for protocol in (OFFICIAL, LEAVE_TWIN_OUT):
        assert torch.equal(left_out(CLEAN, GALLERY, EVERYONE, protocol), torch.eye(4, dtype=torch.bool))


def test_the_twin_of_an_occluded_query_stays_only_under_the_official_protocol() -> None:
    assert not left_out(MASKED, GALLERY, EVERYONE, OFFICIAL).any()
    assert torch.equal(left_out(MASKED, GALLERY, EVERYONE, LEAVE_TWIN_OUT), torch.eye(4, dtype=torch.bool))


def test_occluded_pictures_made_ahead_are_twins_by_their_source() -> None:
    made_ahead = Labels(torch.tensor([0]), torch.tensor([2]), torch.tensor([99]))
    assert left_out(made_ahead, GALLERY, EVERYONE[:1], LEAVE_TWIN_OUT).tolist() == [[False, False, True, False]]
    assert not left_out(made_ahead, GALLERY, EVERYONE[:1], OFFICIAL).any()


@pytest.mark.parametrize(
    ("queries", "protocol", "legacy", "expected"),
    [
        (CLEAN, LEAVE_TWIN_OUT, False, [2, 2, 2, 0]),
        (CLEAN, OFFICIAL, True, [3, 3, 3, 1]),
        (MASKED, LEAVE_TWIN_OUT, False, [2, 2, 2, 0]),
        (MASKED, OFFICIAL, False, [3, 3, 3, 1]),
        (MASKED, OFFICIAL, True, [3, 3, 3, 1]),
    ],
)
def test_the_number_of_right_answers(queries: Labels, protocol: str, legacy: bool, expected: list[int]) -> None:
    assert count_relevant(queries, GALLERY, protocol, legacy=legacy).tolist() == expected


def test_an_unknown_protocol_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="did you mean official"):
        left_out(CLEAN, GALLERY, EVERYONE, "offical")
