"""The Python interface: what ``import fdemd`` offers, on arrays of every kind, beside independent implementations."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import ot
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import fdemd
from fdemd import Features, InputError, Ranking
from fdemd.backbones import Backbone
from fdemd.data.sources import orl_manifest
from fdemd.faces.queries import QueryMaker
from fdemd.settings.queries import CropQuery

RNG = np.random.default_rng(0)
PEOPLE = np.arange(24) % 8
MEANS = RNG.normal(size=(8, 4, 4, 16))
PATCHES = (MEANS[PEOPLE] + RNG.normal(size=(24, 4, 4, 16))).astype(np.float32)
EMBEDDINGS = PATCHES.mean((1, 2))
QUERY, GALLERY = Features(EMBEDDINGS[:8], PATCHES[:8]), Features(EMBEDDINGS[8:], PATCHES[8:])


def test_nothing_is_imported_before_it_is_used() -> None:
    program = "import sys, fdemd; print([name for name in ('torch', 'numpy', 'pydantic') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_public_name_is_there_and_listed() -> None:
    assert set(fdemd.__all__) <= set(dir(fdemd))
    assert all(getattr(fdemd, name).__doc__ for name in fdemd.__all__)


def test_a_misspelt_name_is_none() -> None:
    with pytest.raises(AttributeError, match="no attribute 'rerang'"):
        fdemd.rerang  # noqa: B018


@pytest.mark.parametrize(
    "given_as",
    [
        np.asarray,
        torch.from_numpy,
        lambda array: array.tolist(),
        lambda array: array.astype(np.float64),
        lambda array: array.astype(">f4"),
        lambda array: np.ascontiguousarray(array[..., ::-1])[..., ::-1],
        lambda array: torch.from_numpy(array).double(),
    ],
    ids=["numpy", "torch", "lists", "float64", "big-endian", "backwards", "doubles"],
)
def test_arrays_of_every_kind_give_the_same(given_as: Callable[[np.ndarray], Any]) -> None:
    query, gallery = (Features(given_as(each.embedding.numpy()), given_as(each.patches.numpy())) for each in SIDES)
    found, expected = fdemd.rank(query, gallery), fdemd.rank(QUERY, GALLERY)
    assert torch.equal(found.indices, expected.indices)
    again, wanted = fdemd.rerank(found, query, gallery, k=5), fdemd.rerank(expected, QUERY, GALLERY, k=5)
    torch.testing.assert_close(again.scores.double(), wanted.scores.double(), atol=1e-5, rtol=0)


SIDES = (QUERY, GALLERY)


def test_a_map_of_patches_brings_its_grid_and_flat_ones_count_as_a_row() -> None:
    flat = PATCHES.reshape(24, 16, 16)
    assert Features(EMBEDDINGS, PATCHES).grid == Features(EMBEDDINGS, flat, (4, 4)).grid == (4, 4)
    assert Features(EMBEDDINGS, flat).grid == (1, 16)
    assert torch.equal(Features(EMBEDDINGS, PATCHES).patches, torch.from_numpy(flat))


def test_features_are_taken_apart_face_by_face() -> None:
    one, other, *rest = QUERY
    assert len(one) == len(other) == 1
    assert len(rest) == 6
    assert torch.equal(QUERY[-1].embedding, QUERY.embedding[-1:])


def test_emd_similarity_is_that_of_an_independent_solver() -> None:
    found = fdemd.emd_similarity(QUERY, GALLERY, weighting="uniform", with_flow=True)
    assert found.similarity.shape == (8, 16)
    assert found.flow is not None
    for row, column in ((0, 0), (3, 7), (7, 15)):
        units = [each / np.linalg.norm(each, axis=-1, keepdims=True) for each in (PATCHES[row], PATCHES[8 + column])]
        cosine = units[0].reshape(16, 16).astype(float) @ units[1].reshape(16, 16).T
        flow = ot.sinkhorn(np.full(16, 1 / 16), np.full(16, 1 / 16), 1 - cosine, reg=0.05, stopThr=1e-12)
        assert float(found.similarity[row, column]) == pytest.approx((flow * cosine).sum(), abs=2e-4)
        np.testing.assert_allclose(found.flow[row, column], flow, atol=2e-4)


def test_rerank_mixes_both_similarities_in_the_first_places_alone() -> None:
    first = fdemd.rank(QUERY, GALLERY)
    second = fdemd.rerank(first, QUERY, GALLERY, alpha=0.3, k=6)
    assert torch.equal(second.indices[:, 6:], first.indices[:, 6:])
    emd = fdemd.emd_similarity(QUERY, GALLERY, first.indices[:, :6]).similarity
    mixed = (0.3 * emd + 0.7 * first.scores[:, :6]).sort(dim=1, descending=True)
    torch.testing.assert_close(second.scores[:, :6], mixed.values)
    assert torch.equal(second.indices[:, :6], first.indices.gather(1, mixed.indices))


@pytest.mark.parametrize("method", ["emd", "k_reciprocal", "query_expansion"])
def test_every_method_keeps_the_candidates(method: str) -> None:
    first = fdemd.rank(QUERY, GALLERY)
    second = fdemd.rerank(first, QUERY, GALLERY, method, k=7)
    assert torch.equal(second.indices[:, :7].sort().values, first.indices[:, :7].sort().values)


def brute_force(order: list[int], person: object, people: list[object], left_out: int) -> tuple[float, float, float]:
    """P@1, R-Precision and MAP@R of one query, by their definitions."""
    relevant = sum(other == person for row, other in enumerate(people) if row != left_out)
    right = [people[row] == person for row in order[:relevant]]
    precision = [sum(right[: place + 1]) / (place + 1) for place in range(len(right))]
    return (
        float(right[0]),
        sum(right) / relevant,
        sum(p for p, hit in zip(precision, right, strict=True) if hit) / relevant,
    )


def test_figures_are_those_of_the_definitions() -> None:
    names = [f"person {number}" for number in PEOPLE]
    ranking = fdemd.rank(EMBEDDINGS, EMBEDDINGS, query_sources=range(24), gallery_sources=range(24))
    assert all(row not in order for row, order in enumerate(ranking.indices.tolist()))
    figures = fdemd.evaluate(ranking, names, names)
    orders = np.argsort(-(unit := EMBEDDINGS / np.linalg.norm(EMBEDDINGS, axis=1, keepdims=True)) @ unit.T, axis=1)
    expected = [
        brute_force([row for row in order if row != query], names[query], names, query)
        for query, order in enumerate(orders.tolist())
    ]
    found = [figures[name].mean for name in ("P@1", "RP", "MAP@R")]
    assert found == pytest.approx(np.mean(expected, axis=0).tolist())
    assert all(each.low <= each.mean <= each.high for each in figures.values())


def test_a_ranking_of_elsewhere_is_measured_by_its_rows() -> None:
    ranking = fdemd.rank(QUERY, GALLERY)
    figures = fdemd.evaluate(ranking, PEOPLE[:8], PEOPLE[8:])
    assert fdemd.evaluate(ranking.indices.numpy(), PEOPLE[:8].tolist(), torch.from_numpy(PEOPLE[8:])) == figures


def test_re_ranking_knows_what_the_ranking_left_out() -> None:
    everyone = Features(EMBEDDINGS, PATCHES)
    first = fdemd.rank(everyone, everyone, query_sources=range(24), gallery_sources=range(24))
    for method in ("emd", "k_reciprocal"):
        second = fdemd.rerank(first, everyone, everyone, method, k=5)
        assert second.sources is not None
        assert fdemd.evaluate(second, PEOPLE, PEOPLE)["RP"].mean > 0.5


def face_batch(count: int, size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, *size, 3), dtype=np.uint8)


def test_faces_of_every_kind_give_the_same_features(dlib_net: Backbone) -> None:
    faces = face_batch(3, dlib_net.face_size)
    expected = fdemd.embed(dlib_net, faces)
    assert expected.embedding.shape == (3, 128)
    kinds: list[Any] = [
        list(faces),
        faces.astype(np.float32) / 255,
        torch.from_numpy(faces).permute(0, 3, 1, 2),
        [torch.from_numpy(face).permute(2, 0, 1) for face in faces],
    ]
    for kind in kinds:
        torch.testing.assert_close(fdemd.embed(dlib_net, kind, batch_size=2).patches, expected.patches)
    torch.testing.assert_close(fdemd.embed(dlib_net, faces[0]).embedding, expected.embedding[:1])


def test_photographs_of_every_kind_give_the_same_face(dlib_net: Backbone) -> None:
    path = orl_manifest().root / "s1/1.pgm"
    picture = Image.open(path)
    expected = fdemd.align_face(path, dlib_net)
    rgb = np.asarray(picture.convert("RGB"))
    for kind in (str(path), picture, rgb, torch.from_numpy(rgb.copy()).permute(2, 0, 1), rgb / 255):
        assert np.array_equal(fdemd.align_face(kind, dlib_net).image, expected.image)
    embedded = fdemd.embed(dlib_net, [path, expected])
    assert torch.equal(embedded.embedding[0], embedded.embedding[1])
    assert embedded.landmarks is not None


def test_explanation_adds_up(dlib_net: Backbone) -> None:
    one, other = fdemd.embed(dlib_net, [orl_manifest().root / f"s1/{number}.pgm" for number in (1, 2)])
    pair = fdemd.explain(one, other, alpha=0.25)
    assert pair.cosine == pytest.approx(float(fdemd.rank(one, other).scores), abs=1e-6)
    assert pair.emd == pytest.approx(float(fdemd.emd_similarity(one, other).similarity), abs=1e-4)
    assert pair.emd == pytest.approx(float((pair.flow * pair.patch_cosine).sum()), abs=1e-5)
    assert pair.mixed == pytest.approx(0.25 * pair.emd + 0.75 * pair.cosine)


def test_the_interface_gives_the_figures_of_a_run(
    few_people: Path, run_evaluate: Callable[..., tuple[int, str, Path]], dlib_net: Backbone
) -> None:
    given = ("--rerank", "data=folder", f"data.root='{few_people}'", "query=[crop]")
    status, printed, folder = run_evaluate(*given)
    assert status == 0, printed
    told = {
        (row["stage"], name): [row[f"{name}{end}"] for end in ("", " low", " high")]
        for row in json.loads((folder / "results.json").read_text())["results"]
        if row["query"] == "crop" and row["protocol"] == "leave-twin-out"
        for name in ("P@1", "RP", "MAP@R")
    }
    files = [str(file.relative_to(few_people)) for file in sorted(few_people.glob("*/*.pgm"))]
    people = [Path(file).parent.name for file in files]
    faces = [fdemd.align_face(few_people / file, dlib_net) for file in files]
    crop = QueryMaker("crop", dlib_net.face_size, 0, CropQuery(side=0.7))
    query = fdemd.embed(dlib_net, [crop(face, file) for face, file in zip(faces, files, strict=True)])
    gallery = fdemd.embed(dlib_net, faces)
    first = fdemd.rank(query, gallery, query_sources=files, gallery_sources=files)
    for stage, ranking in (("stage 1", first), ("stage 2", fdemd.rerank(first, query, gallery))):
        for name, estimate in fdemd.evaluate(ranking, people, people).items():
            assert told[stage, name] == pytest.approx([100 * number for number in estimate]), (stage, name)
    assert told["stage 1", "MAP@R"][0] < 100


ARRAYS = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.integers(-3, 3),
    st.lists(st.lists(st.integers(-9, 9), max_size=3), max_size=3),
    st.tuples(
        st.sampled_from(["f2", "f4", "f8", "i4", "b1", "c8", "U3", "O"]), st.lists(st.integers(0, 4), max_size=4)
    ).map(lambda kind: np.ones(kind[1]).astype(kind[0])),
    st.lists(st.integers(0, 4), max_size=4).map(torch.ones),
    st.sampled_from(
        [np.full((8, 16), np.nan, np.float32), torch.ones(8, 16).to_sparse(), torch.ones(8, 16, device="meta")]
    ),
)
TWO_ARRAYS = ["rank", "Features", "Ranking"]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(TWO_ARRAYS), first=ARRAYS, second=ARRAYS)
def test_wrong_arrays_are_told_in_a_sentence(name: str, first: Any, second: Any) -> None:
    try:
        getattr(fdemd, name)(first, second)
    except InputError as error:
        assert str(error).endswith(".")


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(wrong=ARRAYS, place=st.integers(0, 3))
def test_wrong_arrays_are_told_by_those_that_take_more(wrong: Any, place: int) -> None:
    ranking = fdemd.rank(QUERY, GALLERY)
    calls: list[Callable[[], Any]] = [
        lambda: fdemd.evaluate(wrong, PEOPLE[:8], PEOPLE[8:]),
        lambda: fdemd.evaluate(ranking, wrong, PEOPLE[8:]),
        lambda: fdemd.evaluate(ranking, PEOPLE[:8], wrong),
        lambda: fdemd.emd_similarity(QUERY, GALLERY, wrong),
    ]
    try:
        calls[place]()
    except InputError as error:
        assert str(error).endswith(".")


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: fdemd.create_backbone("dlip"), "did you mean dlib"),
        (lambda: fdemd.create_backbone("dlib", chekpoint="a"), "did you mean checkpoint"),
        (lambda: fdemd.rank(EMBEDDINGS, EMBEDDINGS[:, :3]), r"query is \(24, 16\) and gallery is \(24, 3\)"),
        (lambda: fdemd.rank(EMBEDDINGS, EMBEDDINGS, query_sources=range(24)), "Give both"),
        (
            lambda: fdemd.rank(EMBEDDINGS, EMBEDDINGS, query_sources=[1], gallery_sources=[1]),
            "has 1 names, and there are 24",
        ),
        (lambda: fdemd.rank(EMBEDDINGS, EMBEDDINGS, depth=0), "at least 1 place"),
        (lambda: fdemd.rerank(fdemd.rank(QUERY, GALLERY), GALLERY, QUERY), "of 8 queries"),
        (lambda: fdemd.rerank(fdemd.rank(QUERY, GALLERY), QUERY, GALLERY, "emt"), "did you mean emd"),
        (lambda: fdemd.rerank(fdemd.rank(QUERY, GALLERY), QUERY, GALLERY, alpha=2), "alpha is 2"),
        (lambda: fdemd.rerank(fdemd.rank(QUERY, GALLERY), QUERY, GALLERY, weigthing="apc"), "no setting weigthing"),
        (
            lambda: fdemd.rerank(fdemd.rerank(fdemd.rank(QUERY, GALLERY), QUERY, GALLERY), QUERY, GALLERY),
            "re-ranked already",
        ),
        (lambda: fdemd.evaluate(fdemd.rank(QUERY, GALLERY), PEOPLE[:8], ["somebody"] * 16), "nothing to average"),
        (lambda: fdemd.evaluate(fdemd.rank(QUERY, GALLERY, depth=1), PEOPLE[:8], PEOPLE[8:]), "depth=2 or more"),
        (lambda: fdemd.evaluate(fdemd.rank(QUERY, GALLERY), PEOPLE[:8], PEOPLE[8:], metrics=["P@2"]), "P@1"),
        (lambda: fdemd.explain(QUERY, GALLERY), "query has 8 faces"),
        (lambda: fdemd.explain(QUERY[0], GALLERY[0], alpha="auto"), "alpha"),
        (lambda: Ranking([[0, 0]], [[2.0, 1.0]]), "twice"),
        (lambda: Features(EMBEDDINGS, PATCHES[:5]), r"embedding is \(24, 16\) and patches is \(5, 4, 4, 16\)"),
    ],
)
def test_mistakes_are_told(call: Callable[[], object], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        call()


@pytest.mark.parametrize(
    ("faces", "complaint"),
    [
        (np.zeros((112, 112, 3), np.uint8), "has 112x112 pixels, and the network takes 150x150"),
        (np.full((150, 150, 3), 200.0), "divide them by 255"),
        (np.zeros((150, 150), np.uint8), "must be an RGB picture|type"),
        ([], "no faces"),
        (["nowhere.jpg"], "there is no such file"),
        ([None], "NoneType"),
    ],
)
def test_wrong_faces_are_told(dlib_net: Backbone, faces: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        fdemd.embed(dlib_net, faces)


def test_a_picture_without_a_face_is_told(dlib_net: Backbone) -> None:
    with pytest.raises(InputError, match="finds no face in the photograph"):
        fdemd.align_face(np.zeros((200, 200, 3), np.uint8), dlib_net)
