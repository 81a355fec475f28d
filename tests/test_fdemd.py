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
from fdemd.emd import Converged, Official
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


def test_the_stopping_rule_goes_by_its_name() -> None:
    for name, rule in (("official", Official()), ("converged", Converged())):
        found, expected = (fdemd.emd_similarity(QUERY, GALLERY, stop=stop).similarity for stop in (name, rule))
        assert torch.equal(found, expected)


def test_equal_means_the_same_object() -> None:
    """Arrays have no one answer to ``==``; sets and dictionaries need one."""
    ranking = fdemd.rank(QUERY, GALLERY)
    assert ranking != fdemd.rank(QUERY, GALLERY)
    assert [ranking, QUERY].index(QUERY) == 1
    assert len({QUERY, GALLERY, QUERY}) == 2


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
    given = ("--rerank", "model=dlib", "data=folder", f"data.root='{few_people}'", "query=[crop]")
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


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(TWO_ARRAYS), first=ARRAYS, second=ARRAYS)
def test_wrong_arrays_are_told_in_a_sentence(name: str, first: Any, second: Any) -> None:
    try:
        getattr(fdemd, name)(first, second)
    except InputError as error:
        assert str(error).endswith(".")


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
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
        (lambda: fdemd.rank(EMBEDDINGS, EMBEDDINGS, depth=2.5), "depth is 2.5; it must be a whole number"),
        (lambda: fdemd.emd_similarity(QUERY, GALLERY, stop="oficial"), "did you mean official"),
        (lambda: fdemd.emd_similarity(QUERY, GALLERY, stop=None), "Unknown stopping rule 'None'"),
        (lambda: fdemd.rerank(fdemd.rank(QUERY, GALLERY), GALLERY, QUERY), "of 8 queries"),
        (lambda: fdemd.rerank(fdemd.rank(QUERY, GALLERY), QUERY, GALLERY, "emt"), "did you mean emd"),
        (lambda: fdemd.rerank(fdemd.rank(QUERY, GALLERY), QUERY, GALLERY, alpha=2), "alpha is 2"),
        (lambda: fdemd.rerank(fdemd.rank(QUERY, GALLERY), QUERY, GALLERY, weigthing="apc"), "no setting weigthing"),
        (
            lambda: fdemd.rerank(fdemd.rerank(fdemd.rank(QUERY, GALLERY), QUERY, GALLERY), QUERY, GALLERY),
            "re-ranked already",
        ),
        (lambda: fdemd.evaluate(fdemd.rank(QUERY, GALLERY), PEOPLE[:8], [99] * 16), "nothing to average"),
        (
            lambda: fdemd.evaluate(fdemd.rank(QUERY, GALLERY), PEOPLE[:8], ["somebody"] * 16),
            "query_identities are numbers and gallery_identities are texts",
        ),
        (
            lambda: fdemd.evaluate(fdemd.rank(QUERY, GALLERY), PEOPLE[:8], PEOPLE[8:], metrics=["R-Precision"]),
            "mean RP",
        ),
        (lambda: fdemd.emd_similarity(EMBEDDINGS, GALLERY), "no patches in query"),
        (lambda: fdemd.explain(EMBEDDINGS[:1], GALLERY[0]), "no patches in query"),
        (
            lambda: fdemd.emd_similarity(QUERY, GALLERY, [[0]]),
            r"query.embedding is \(8, 16\) and candidates is \(1, 1\)",
        ),
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


def test_a_picture_without_a_face_is_told(dlib_net: Backbone) -> None:
    with pytest.raises(InputError, match="finds no face in the photograph"):
        fdemd.align_face(np.zeros((200, 200, 3), np.uint8), dlib_net)
