"""What objects drawn on a face hide, what they leave alone, and that a seed decides the picture."""

import albumentations as A
import numpy as np
import pytest
from torch.utils.data import DataLoader, Dataset

from fdemd.faces.occlusion import FaceMask, Sunglasses
from fdemd.faces.occlusion.drawn import DrawnOnFace
from tests.faces.occlusion.made_faces import (
    CHIP,
    KINDS,
    STYLES,
    changed,
    composed,
    each_turn,
    landmarks_of,
    occlude,
    photograph,
)

SIZES = (112, 150, 224)


ALL = {kind: FaceMask((kind,)) for kind in KINDS} | {style: Sunglasses((style,)) for style in STYLES}
RANDOM = {name: each for name, each in ALL.items() if type(each).sample is not DrawnOnFace.sample}
COVER_THE_LOWER_HALF = (FaceMask,)

each_object = pytest.mark.parametrize("transform", ALL.values(), ids=ALL)
each_random_object = pytest.mark.parametrize("transform", RANDOM.values(), ids=RANDOM)


class TestRandomness:
    @each_object
    def test_same_seed_gives_the_same_picture(self, transform):
        image, landmarks = photograph(), landmarks_of()
        assert np.array_equal(occlude(transform, image, landmarks, 5), occlude(transform, image, landmarks, 5))

    def test_earlier_calls_do_not_matter(self):
        pipeline, image = composed(FaceMask()), photograph()
        for _ in range(3):
            pipeline(image=photograph(seed=9), keypoints=landmarks_of(20))
        pipeline.set_random_seed(5)
        late = pipeline(image=image, keypoints=landmarks_of())["image"]
        assert np.array_equal(late, occlude(FaceMask(), image, landmarks_of(), 5))

    @each_random_object
    def test_different_seeds_differ(self, transform):
        image, landmarks = photograph(), landmarks_of()
        pictures = {occlude(transform, image, landmarks, seed).tobytes() for seed in range(6)}
        assert len(pictures) == 6

    def test_loader_workers_draw_what_the_main_process_draws(self):
        dataset = OccludedFaces()
        alone = [dataset[index] for index in range(len(dataset))]
        workers = DataLoader(dataset, batch_size=None, num_workers=2, multiprocessing_context="fork")
        for here, there in zip(alone, workers, strict=True):
            assert np.array_equal(here, np.asarray(there))


class OccludedFaces(Dataset):
    """Eight faces whose pictures are seeded by their index."""

    def __init__(self):
        self.pipeline = A.Compose(
            [FaceMask(p=0.7), Sunglasses(p=0.5)],
            keypoint_params=A.KeypointParams(format="xy", remove_invisible=False),
        )

    def __len__(self):
        return 8

    def __getitem__(self, index):
        self.pipeline.set_random_seed(index)
        return self.pipeline(image=photograph(seed=index), keypoints=landmarks_of(index * 5))["image"]


class GreyDot(DrawnOnFace):
    """An object without styles."""

    def draw(self, image, landmarks, style):
        marked = image.copy()
        marked[tuple(landmarks[30].astype(int)[::-1])] = 128
        return marked


def test_an_object_needs_no_styles():
    image = photograph()
    assert changed(image, occlude(GreyDot(), image, landmarks_of(), seed=1)).sum() == 1


class TestEveryObject:
    @each_object
    @each_turn
    @pytest.mark.parametrize("size", SIZES)
    def test_draws_something_sensible_at_every_size(self, transform, turn, size):
        image = photograph(size)
        result = occlude(transform, image, landmarks_of(turn, size), seed=1)
        assert result.shape == image.shape and result.dtype == np.uint8
        assert 0.05 < changed(image, result).mean() < 0.65

    @each_object
    def test_pixels_away_from_the_object_keep_their_exact_values(self, transform):
        image = photograph()
        touched = changed(image, occlude(transform, image, landmarks_of(), seed=2))
        assert not touched[:20].any()
        lower_half = touched[CHIP // 2 :].mean() > touched[: CHIP // 2].mean()
        assert lower_half == isinstance(transform, COVER_THE_LOWER_HALF)

    @each_object
    @pytest.mark.parametrize("seed", range(5))
    def test_grey_photographs_stay_grey(self, transform, seed):
        result = occlude(transform, photograph(grey=True), landmarks_of(), seed)
        assert (result == result[..., :1]).all()

    @each_object
    def test_the_input_is_not_modified(self, transform):
        image, points = photograph(), landmarks_of()
        kept_image, kept_points = image.copy(), points.copy()
        occlude(transform, image, points, seed=3)
        assert np.array_equal(image, kept_image) and np.array_equal(points, kept_points)

    @each_object
    @pytest.mark.parametrize("shift", [(-60, 0), (60, 20), (-50, -15), (0, 50)], ids=str)
    def test_a_face_partly_outside_the_picture_is_drawn_as_far_as_it_shows(self, transform, shift):
        image = photograph()
        result = occlude(transform, image, landmarks_of() + shift, seed=4)
        assert result.shape == image.shape
        assert 0.01 < changed(image, result).mean() < 0.6

    @each_object
    @pytest.mark.parametrize("shift", [-1000.0, 1e4, 1e9])
    def test_a_face_far_outside_leaves_the_picture_alone(self, transform, shift):
        image = photograph()
        assert np.array_equal(occlude(transform, image, landmarks_of() + shift, seed=4), image)

    @each_object
    def test_collapsed_landmarks_do_not_crash(self, transform):
        assert occlude(transform, photograph(), np.full((68, 2), 75.0), seed=4).shape == (CHIP, CHIP, 3)

    @each_object
    def test_in_plane_roll_turns_the_object_with_the_face(self, transform):
        """Drawing on a face rolled by a quarter turn and rolling the result back gives nearly the same object."""
        image = np.full((CHIP, CHIP, 3), 140, np.uint8)
        points = landmarks_of()
        rolled = np.stack([CHIP - 1 - points[:, 1], points[:, 0]], axis=1)
        upright = occlude(transform, image, points, seed=6).astype(int)
        back = np.rot90(occlude(transform, image, rolled, seed=6)).astype(int)
        assert np.abs(upright - back).mean() < 4

    @each_object
    def test_wrong_number_of_landmarks_is_refused(self, transform):
        with pytest.raises(ValueError, match="A face has 68 landmarks"):
            occlude(transform, photograph(), landmarks_of()[:5], seed=0)

    @each_object
    def test_probability_zero_draws_nothing(self, transform):
        image = photograph()
        assert np.array_equal(occlude(type(transform)(p=0.0), image, landmarks_of(), seed=0), image)


@pytest.mark.parametrize(
    ("make", "choices"),
    [
        (lambda: FaceMask(("no_such_kind",)), KINDS),
        (lambda: Sunglasses(("monocle",)), STYLES),
        (lambda: FaceMask(()), KINDS),
    ],
)
def test_unknown_choices_are_refused_and_the_known_ones_listed(make, choices):
    with pytest.raises(ValueError, match=", ".join(sorted(choices))):
        make()
