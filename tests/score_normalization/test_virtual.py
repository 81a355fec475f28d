"""Virtual faces: unit length, where they should be, the same for the same seed."""

import pytest
import torch
from torch.nn.functional import normalize

from fdemd.errors import InputError
from fdemd.score_normalization.virtual import GENERATORS, enlarge, interpolate, perturb


def people(count: int = 12) -> torch.Tensor:
    return normalize(torch.randn(count, 6, generator=torch.Generator().manual_seed(3)), dim=1)


def drawn(generate, faces: torch.Tensor, count: int = 200) -> torch.Tensor:
    return generate(faces, count, torch.Generator().manual_seed(5))


@pytest.mark.parametrize("name", GENERATORS)
def test_virtual_faces_are_new_of_unit_length_and_repeatable(name: str) -> None:
    faces, generate = people(), GENERATORS[name]
    made = drawn(generate, faces)
    assert made.shape == (200, 6)
    torch.testing.assert_close(made.norm(dim=1), torch.ones(200))
    assert (made @ faces.T).amax(1).median() < 0.9999
    assert torch.equal(made, drawn(generate, faces))


def test_interpolated_faces_lie_between_two_neighbours() -> None:
    """Each is a positive combination of two faces of the cohort, so that a third direction has no share."""
    axes = torch.eye(6)[:3]
    made = drawn(interpolate, axes)
    assert (made >= 0).all()
    assert ((made > 0).sum(1) <= 2).all()
    assert (made[:, 3:] == 0).all()


def test_perturbed_faces_are_moved_as_far_as_the_nearest_neighbour() -> None:
    """A face of a close pair stays close to it; one of a pair far apart may go anywhere."""
    angle = torch.tensor(0.1)
    close = torch.stack([torch.tensor([1.0, 0, 0]), torch.tensor([angle.cos(), angle.sin(), 0])])
    step = (close[0] - close[1]).norm().item()
    made = drawn(perturb, close)
    nearest = (made[:, None] - close).norm(dim=2).amin(1)
    assert nearest.max() <= step / (1 - step)
    assert nearest.median() > step / 3
    far = drawn(perturb, torch.tensor([[1.0, 0, 0], [0, 1, 0]]))
    assert (far[:, None] - torch.eye(3)[:2]).norm(dim=2).amin(1).max() > 1


def test_an_enlarged_cohort_begins_with_the_real_faces() -> None:
    faces = 3 * people()
    whole = enlarge(faces, 7, interpolate, seed=1)
    assert whole.shape == (19, 6)
    torch.testing.assert_close(whole[:12], normalize(faces, dim=1))


def test_any_function_can_be_the_generator() -> None:
    def corners(cohort: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
        return torch.randint(0, 2, (count, cohort.shape[1]), generator=generator) * 2.0 - 1

    whole = enlarge(people(), 4, corners, seed=1)
    torch.testing.assert_close(whole.norm(dim=1), torch.ones(16))


def test_one_face_has_no_neighbour() -> None:
    with pytest.raises(InputError, match="give a larger cohort"):
        drawn(interpolate, people(1))
