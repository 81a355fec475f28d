"""Faces made of a mean face, and the objects that are drawn on them."""

import albumentations as A
import cv2
import numpy as np
import pytest

KINDS = ("surgical", "cloth", "n95", "kn95")


STYLES = ("wayfarer", "aviator", "round", "sport")


TURNS = {"frontal": 0, "left": -35, "right": 35}


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


each_turn = pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS.keys())
