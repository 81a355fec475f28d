"""What masks and sunglasses hide, what they leave alone, and that a seed decides the picture."""

import albumentations as A
import cv2
import numpy as np
import pytest
from torch.utils.data import DataLoader, Dataset

from fdemd.faces.occlusion import FaceMask, MaskStyle, Sunglasses, SunglassesStyle, draw_mask, draw_sunglasses

KINDS = ("surgical", "cloth", "n95", "kn95")
STYLES = ("wayfarer", "aviator", "round", "sport")
TURNS = {"frontal": 0, "left": -35, "right": 35}
SIZES = (112, 150, 224)

# The mean of the landmarks of near-frontal faces on 150 x 150 chips.
MEAN_FACE = np.array([
    (13, 49), (14, 65), (15, 81), (18, 97), (23, 112), (32, 125), (44, 136), (57, 144), (74, 146), (90, 144),
    (104, 136), (116, 125), (125, 112), (130, 97), (132, 81), (134, 66), (135, 50),
    (24, 38), (31, 31), (42, 28), (53, 29), (63, 33), (83, 33), (94, 29), (105, 28), (116, 31), (123, 38),
    (74, 44), (74, 54), (74, 64), (73, 75), (61, 82), (67, 85), (73, 86), (80, 85), (86, 83),
    (36, 47), (43, 43), (51, 43), (57, 48), (50, 49), (43, 49), (90, 48), (97, 43), (104, 44), (110, 47), (104, 49),
    (97, 49),
    (49, 103), (58, 99), (67, 97), (73, 99), (80, 97), (89, 99), (98, 103), (89, 111), (80, 114), (73, 115),
    (66, 114), (58, 111), (53, 103), (67, 102), (73, 103), (80, 102), (94, 103), (80, 107), (73, 108), (67, 107),
], dtype=np.float64)  # fmt: skip
CHIP = 150


def landmarks_of(turn: float = 0, size: int = CHIP) -> np.ndarray:
    """The mean face on a head turned by `turn` degrees (positive: nose to the right), on a chip of any size."""
    across = MEAN_FACE[:, 0] - 74
    depth = 55 * np.sqrt(np.clip(1 - (across / 66) ** 2, 0, None))
    depth[27:31] += [4, 8, 13, 18]
    depth[31:36] += 8
    angle = np.radians(turn)
    turned = across * np.cos(angle) + (depth - 35) * np.sin(angle)
    return np.stack([turned + 74, MEAN_FACE[:, 1]], axis=1) * size / CHIP


def photograph(size: int = CHIP, seed: int = 0, grey: bool = False) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(60, 220, size=(size, size, 1 if grey else 3))
    return np.repeat(noise, 3 if grey else 1, axis=2).astype(np.uint8)


def composed(transform: A.BasicTransform) -> A.Compose:
    return A.Compose([transform], keypoint_params=A.KeypointParams(format="xy", remove_invisible=False))


def occlude(transform: A.BasicTransform, image: np.ndarray, landmarks: np.ndarray, seed: int) -> np.ndarray:
    pipeline = composed(transform)
    pipeline.set_random_seed(seed)
    return pipeline(image=image, keypoints=landmarks)["image"]


def hidden(transform: A.BasicTransform, landmarks: np.ndarray, seed: int, size: int = CHIP) -> np.ndarray:
    """(size, size) pixels where two very different photographs look alike once the object is drawn on both."""
    coarse = np.indices((size, size)).sum(axis=0) % 2 * 160 + 40
    one = np.repeat(coarse[..., None], 3, axis=2).astype(np.uint8)
    results = [occlude(transform, picture, landmarks, seed).astype(int) for picture in (one, 240 - one)]
    return np.abs(results[0] - results[1]).max(axis=-1) < 40


def inside(points: np.ndarray, size: int = CHIP) -> np.ndarray:
    """(size, size) pixels inside the convex polygon of the points, which may leave the picture."""
    region = np.zeros((size, size), dtype=np.uint8)
    cv2.fillConvexPoly(region, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
    return region.astype(bool)


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (before != after).any(axis=-1)


ALL = [FaceMask((kind,)) for kind in KINDS] + [Sunglasses((style,)) for style in STYLES]
each_object = pytest.mark.parametrize("transform", ALL, ids=[*KINDS, *STYLES])
each_turn = pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS.keys())


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

    @each_object
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


class TestMask:
    @each_turn
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("seed", range(4))
    def test_hides_nose_mouth_and_chin(self, kind, turn, seed):
        points = landmarks_of(turn)
        covered = hidden(FaceMask((kind,)), points, seed)
        nose_tip, mouth, chin = points[30:36], points[48:60], np.concatenate([points[55:60], points[7:10]])
        for part in (nose_tip, mouth, chin):
            assert covered[inside(part)].mean() >= 0.95

    @each_turn
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("seed", range(4))
    def test_leaves_eyes_and_brows_alone(self, kind, turn, seed):
        points, image = landmarks_of(turn), photograph()
        touched = changed(image, occlude(FaceMask((kind,)), image, points, seed))
        for part in (points[17:22], points[22:27], points[36:42], points[42:48]):
            assert not touched[inside(part)].any()

    def test_wear_height_moves_the_upper_edge(self):
        image, points = photograph(), landmarks_of()
        rows = []
        for height in (0.0, 1.0):
            touched = changed(image, draw_mask(image, points, MaskStyle(height=height)))
            rows.append(touched[:, 74].argmax())
        assert rows[1] < rows[0] - 3

    def test_the_straps_show_on_the_near_side_of_a_turned_head_only(self):
        image = photograph()
        white, black = (MaskStyle(strap_colour=(level,) * 3) for level in (255, 0))
        points = landmarks_of(35)
        strap = changed(draw_mask(image, points, white), draw_mask(image, points, black))
        columns = np.flatnonzero(strap.any(axis=0))
        assert columns.size and columns.max() < points[30, 0]


class TestSunglasses:
    @each_turn
    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize("seed", range(4))
    def test_hide_both_eyes_and_leave_the_mouth_alone(self, style, turn, seed):
        points, image = landmarks_of(turn), photograph()
        covered = hidden(Sunglasses((style,)), points, seed)
        assert covered[inside(points[36:42])].all()
        assert covered[inside(points[42:48])].all()
        touched = changed(image, occlude(Sunglasses((style,)), image, points, seed))
        assert not touched[inside(points[48:60])].any()

    def test_opacity_decides_how_much_of_the_eye_shows_through(self):
        points, eye = landmarks_of(), inside(landmarks_of()[36:42])
        light, dark = np.full((CHIP, CHIP, 3), 200, np.uint8), np.full((CHIP, CHIP, 3), 200, np.uint8)
        dark[eye] = 40
        for opacity, visible in ((1.0, False), (0.88, True)):
            style = SunglassesStyle(opacity=opacity, fade=0.0)
            pictures = [draw_sunglasses(image, points, style)[eye].astype(int) for image in (light, dark)]
            assert (np.abs(pictures[0] - pictures[1]).mean() > 8) == visible

    def test_the_far_lens_is_narrower_on_a_turned_head(self):
        image, points = np.full((CHIP, CHIP, 3), 200, np.uint8), landmarks_of(35)
        dark = draw_sunglasses(image, points, SunglassesStyle(highlight=0.0)).max(axis=-1) < 90
        row = dark[int(points[36:48, 1].mean())]
        nose = int(points[27, 0])
        assert row[nose:].sum() < 0.8 * row[:nose].sum()


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
        assert lower_half == isinstance(transform, FaceMask)

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
    [(lambda: FaceMask(("scarf",)), KINDS), (lambda: Sunglasses(("monocle",)), STYLES), (lambda: FaceMask(()), KINDS)],
)
def test_unknown_choices_are_refused_and_the_known_ones_listed(make, choices):
    with pytest.raises(ValueError, match=", ".join(sorted(choices))):
        make()
