"""Run by ``test_tensors.py`` in a process of its own, so that a crash is a failure: wrong tensors for every function.

Each public function of tensors is called with tensors of random types, layouts, values and sizes. It must give what it
gives for a contiguous copy in an ordinary type, or raise ValueError (of which InputError is one). How often each was
called, answered and refused is printed, a line of JSON each.

    python hostile_tensors.py EXAMPLES [--library FILE] [--only NAME]
"""

import argparse
import ctypes
import json
import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

os.environ.setdefault("TRITON_INTERPRET", "1")  # read when triton is first imported

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from fdemd.attacks import SourcedFaces, anchors, gradient_sign, to_pixels
from fdemd.emd import Converged, Official, emd_similarity
from fdemd.emd.compact import compact
from fdemd.emd.contributions import contributions, strongest
from fdemd.emd.engines import cpu, cuda, reference
from fdemd.emd.side import Side, side_of
from fdemd.emd.sinkhorn import sinkhorn
from fdemd.emd.weighting import Terms
from fdemd.features import Features
from fdemd.losses import (
    ArcFaceHead,
    CosFaceHead,
    Criterion,
    Head,
    OTFaceCriterion,
    ScaleFaceCriterion,
    ScaleHead,
    SoftmaxHead,
)
from fdemd.losses.focal import focal_loss
from fdemd.losses.triplets import hard_triplets
from fdemd.metrics import identification, open_set, rejection, verification
from fdemd.retrieval.auto_alpha import auto_alpha
from fdemd.retrieval.faiss_search import FaissIndex
from fdemd.retrieval.k_reciprocal import KReciprocal
from fdemd.retrieval.pair_similarity import PairSimilarity
from fdemd.retrieval.protocol import Labels, barred_rows, count_relevant, left_out
from fdemd.retrieval.query_expansion import expanded_similarity
from fdemd.retrieval.ranking import Ranking, sorted_by_score
from fdemd.retrieval.reranker_emd import EmdReranker
from fdemd.retrieval.search import first_places, search_exactly
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.retrieval.stage2 import mix, reorder
from fdemd.score_normalization.cohort import Cohort
from fdemd.score_normalization.discrepancy import subtract_discrepancy
from fdemd.score_normalization.estimator import DiscrepancyNetwork, estimator_error
from fdemd.score_normalization.normalizer import SymmetricNormalizer
from fdemd.score_normalization.snorm import Scale, mix_normalized, symmetric_norm
from fdemd.score_normalization.support import support_of
from fdemd.score_normalization.virtual import enlarge, interpolate, perturb
from fdemd.settings.normalization import SupportRule
from fdemd.settings.ranking import METRICS, FlatSearch, HnswSearch, IvfSearch
from fdemd.settings.training import Transport

F16, BF16, F32, F64, I64, BOOL = (
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.int64,
    torch.bool,
)
TYPES = [F16, BF16, F32, F64, torch.int8, torch.uint8, torch.int16, torch.int32, I64, BOOL, torch.complex64]
TYPES += [torch.uint16, torch.float8_e4m3fn]
LAYOUTS = ["contiguous", "turned", "flipped", "every second", "repeated", "odd address", "negated", "sparse", "meta"]
VALUES = [
    "ordinary",
    "ordinary",
    "within 1",
    "whole",
    "huge",
    "tiny",
    "zeros",
    "some NaN",
    "some infinite",
    "some -inf",
]
NEVER = ("complex64", "float8_e4m3fn", "uint16")
SIZES = {"B": 3, "Q": 2, "G": 4, "D": 3, "N": 4, "C": 2, "k": 2, "L": 3, "M": 3, "S": 5, "P": 6, "I": 3, "Z": 5, "R": 3}


class Wanted(NamedTuple):
    """What an argument should be: the kind of its values, and the names of its sizes."""

    kind: str
    sizes: str


def filled(kind: str, shape: list[int], values: str, generator: torch.Generator) -> Tensor:
    """Values of a kind, in the widest type of it."""
    if kind == "bool":
        return torch.rand(shape, generator=generator) < 0.5
    if kind.startswith("label"):
        top = int(kind.removeprefix("label"))
        drawn = torch.randint(0, top, shape, generator=generator)
        if values in ("huge", "some infinite"):
            drawn = drawn.where(torch.rand(shape, generator=generator) < 0.8, 2**40)
        return drawn - 3 if values == "some -inf" else drawn
    drawn = torch.randn(shape, generator=generator, dtype=F64)
    if kind == "colour":
        drawn = drawn.sigmoid()
    if values == "within 1":
        return torch.rand(shape, generator=generator, dtype=F64)
    if values in ("whole", "zeros"):
        return (3 * drawn).round() if values == "whole" else 0 * drawn
    if values in ("huge", "tiny"):
        return drawn * (1e30 if values == "huge" else 1e-30)
    for name, value in (("some NaN", torch.nan), ("some infinite", torch.inf), ("some -inf", -torch.inf)):
        if values == name:
            drawn = drawn.where(torch.rand(shape, generator=generator) < 0.7, value)
    return drawn


def laid_out(tensor: Tensor, layout: str) -> Tensor:
    """The same values (but for ``repeated``, which repeats the first) in another layout."""
    if layout == "turned" and tensor.dim() > 1:
        return tensor.transpose(0, -1).contiguous().transpose(0, -1)
    if layout == "flipped" and tensor.dim() and tensor.dtype != torch.float8_e4m3fn:
        return tensor.flip(0)
    if layout == "every second" and tensor.dim():
        return tensor.repeat_interleave(2, dim=-1)[..., ::2]
    if layout == "repeated" and tensor.dim() and len(tensor):
        return tensor[:1].expand_as(tensor)
    if layout == "odd address":
        return torch.cat([tensor.new_zeros(1), tensor.flatten()])[1:].view(tensor.shape)
    if layout == "negated" and tensor.dtype in (F16, BF16, F32, F64):
        return torch._neg_view(-tensor)
    if layout == "sparse" and tensor.dtype in (F32, F64) and tensor.dim():
        return tensor.to_sparse()
    return tensor.to("meta") if layout == "meta" else tensor


def drawn_tensor(data: st.DataObject, name: str, wanted: Wanted, sizes: dict[str, int], harmless: bool) -> Tensor:
    """A tensor that is as wanted, ``harmless`` but for its layout and type, or whatever it is not."""
    shape = [int(size) if size.isdigit() else sizes[size] for size in wanted.sizes.split()]
    ways = ["no"] if harmless else ["no"] * 9 + ["size", "longer", "shorter"]
    wrong = data.draw(st.sampled_from(ways), label=f"{name} wrong in")
    if wrong == "size" and shape:
        shape[data.draw(st.integers(0, len(shape) - 1))] += 1
    elif wrong == "longer":
        shape.append(1)
    elif wrong == "shorter":
        shape = shape[1:]
    values = data.draw(st.sampled_from(VALUES[:4] if harmless else VALUES), label=f"{name} values")
    layout = data.draw(st.sampled_from(LAYOUTS[:-2] if harmless else LAYOUTS[:1] * 6 + LAYOUTS), label=f"{name} layout")
    natural = {"bool": [BOOL], "real": [F32, F16, BF16, F64], "colour": [F32, F64]}.get(wanted.kind, TYPES[4:9])
    dtype = data.draw(st.sampled_from(natural if harmless else natural[:1] * 12 + TYPES), label=f"{name} type")
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 2**16), label=f"{name} seed"))
    tensor = filled(wanted.kind, shape, values, generator)
    if dtype not in (F16, BF16, F32, F64, torch.complex64) and tensor.is_floating_point():
        tensor = tensor.nan_to_num(0, 0, 0).clamp(-100, 100).round()
        tensor = tensor.abs() if dtype in (torch.uint8, torch.uint16) else tensor
    return laid_out(tensor.to(dtype), layout)


def plain(tensor: Tensor) -> Tensor:
    """A contiguous copy in an ordinary type."""
    tensor = tensor.resolve_neg().clone(memory_format=torch.contiguous_format)
    if tensor.dtype in (F16, BF16):
        return tensor.float()
    return tensor if tensor.is_floating_point() or tensor.dtype == BOOL else tensor.long()


def impossible(tensor: Tensor) -> bool:
    name = str(tensor.dtype).removeprefix("torch.")
    return name in NEVER or tensor.is_meta or tensor.layout != torch.strided


def flat(result: Any) -> list[Tensor]:
    """All tensors and numbers of a result."""
    if isinstance(result, Tensor):
        return [result.detach()]
    if isinstance(result, int | float):
        return [torch.tensor(result, dtype=F64)]
    if isinstance(result, tuple | list):
        return [tensor for part in result for tensor in flat(part)]
    return [] if result is None or isinstance(result, str) else flat(tuple(vars(result).values()))


def assert_same(found: Any, expected: Any, coarse: bool) -> None:
    ours, theirs = flat(found), flat(expected)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        tolerance = 0.05 if coarse else 2e-4
        torch.testing.assert_close(
            one.double(), other.double(), rtol=tolerance, atol=tolerance, equal_nan=True, check_dtype=False
        )


class Call(NamedTuple):
    """A function and its arguments."""

    function: Callable[..., Any]
    arguments: dict[str, Wanted]


def call(function: Callable[..., Any], **arguments: str) -> Call:
    return Call(function, {name: Wanted(*text.split(" ", 1)) for name, text in arguments.items()})


def nobody(rows: slice, columns: slice) -> Tensor:
    return torch.zeros((), dtype=BOOL)


def features(embedding: Tensor, patches: Tensor, landmarks: Tensor | None = None) -> Features:
    return Features(embedding, patches, (1, patches.shape[-2]) if patches.dim() > 1 else (1, 1), landmarks)


def emd(engine: str, weighting: str, q: Tensor, g: Tensor, qe: Tensor, ge: Tensor, candidates: Tensor) -> Tensor:
    found = emd_similarity(features(qe, q), features(ge, g), candidates, weighting=weighting, engine=engine)
    return found.similarity  # the flags of pairs at the very edge are chance


def official(q: Tensor, g: Tensor, qe: Tensor, ge: Tensor, candidates: Tensor) -> Tensor:
    return emd_similarity(features(qe, q), features(ge, g), candidates, stop=Official(), with_flow=True).similarity


def solved(engine: Any, q: Tensor, g: Tensor, candidates: Tensor, offset: Tensor) -> Tensor:
    """Sides made by hand."""
    sides = []
    for patches in (q, g):
        side = side_of(features(torch.zeros(patches.shape[:1] or (1,)).unsqueeze(-1), patches), "apc")
        sides.append(side)
    terms = sides[0].terms
    query = Side(sides[0].patches, sides[0].inverse_norm, Terms(offset, terms.scale, terms.context))
    return engine.solve(query, sides[1], candidates, eps=0.05, stop=Converged(1e-2, 20)).similarity


def labels(**tensors: Tensor) -> Labels:
    return Labels(tensors["identity"], tensors["source"], tensors["picture"])


def ranked(query: Tensor, gallery: Tensor, who: Tensor, others: Tensor) -> Tensor:
    asked, there = Labels(who, who, who), Labels(others, others, others)
    return rank_by_cosine(query, gallery, asked, there, protocol="leave-twin-out", depth=2).scores


def reranked(scores: Tensor, similarity: Tensor, alpha: float | str = 0.7) -> Tensor:
    if not impossible(scores) and scores.dim():
        scores = scores.sort(dim=-1, descending=True).values
    rows = torch.arange(scores.shape[-1] if scores.dim() else 1).expand(scores.shape or (1,))
    return reorder(Ranking(rows, scores), similarity, alpha).scores


def searched(query: Tensor, gallery: Tensor, kind: Any) -> Tensor:
    return FaissIndex(kind, gallery, 0).search(query, 3)[1]


def reciprocal(query: Tensor, gallery: Tensor, candidates: Tensor, barred: Tensor) -> Tensor:
    """Neighbours at equal distances are taken by chance, so that only its range is compared."""
    found = KReciprocal(gallery, 3, 2).similarity(query, candidates, barred)
    assert ((found >= 0) & (found <= 1 + 1e-6)).all()
    return torch.zeros(found.shape)


def of_head(head: str, embedding: Tensor, who: Tensor) -> Tensor:
    torch.manual_seed(0)
    heads: dict[str, type[Head]] = {"arcface": ArcFaceHead, "cosface": CosFaceHead, "softmax": SoftmaxHead}
    return heads[head](SIZES["D"], SIZES["I"])(embedding, who)  # type: ignore[call-arg]


def criterion(kind: str, embedding: Tensor, patches: Tensor, who: Tensor) -> list[Tensor]:
    torch.manual_seed(0)
    head = ArcFaceHead(SIZES["D"], SIZES["I"])
    made: Criterion = Criterion(head)
    if kind == "otface":
        transport = Transport(
            weight=1.0,
            warmup=0,
            hard_margin=2.0,
            margin=0.1,
            plan_detached=True,
            weighting="uniform",
            eps=0.05,
            rounds=20,
        )
        made = OTFaceCriterion(head, transport, focal="none", gamma=2)
    if kind == "scaleface":
        scales = ScaleHead(SIZES["N"] * SIZES["C"], hidden=4, limit=32)
        made = ScaleFaceCriterion(head, scales, frozen=True, focal="none", gamma=2).eval()
    return list(made(features(embedding, patches), who))


def attacked(kind: str, faces: Tensor, start: Tensor | None = None) -> Tensor:
    def loss(given: Tensor) -> Tensor:
        return given.flatten(1).square().sum(1)

    if kind == "fgsm":
        return gradient_sign.fgsm(loss, faces, 0.1)
    if start is not None:
        return gradient_sign.pgd(loss, faces, 0.1, 2, 0.05, start)
    return gradient_sign.mi_fgsm(loss, faces, 0.1, 2, 0.05, 1.0)


def anchored(query: Tensor, gallery: Tensor) -> Tensor:
    names = [list("ab"), list("abca")]
    return anchors(SourcedFaces(query, names[0], names[0]), SourcedFaces(gallery, names[1], list("wxyz")), ["a", "c"])


def supported(embeddings: Tensor, cohort: Tensor, person: Tensor, strangers: Tensor, rule: str) -> list[Tensor]:
    found = support_of(embeddings, cohort, SupportRule(rule=rule, size=2), person=person, cohort_person=strangers)
    return [found.mean, found.size] if rule == "topk" else [found.mean[:0]]


def normed(cosine: Tensor, first: Tensor, second: Tensor, cohort: Tensor) -> Tensor:
    rule = SupportRule(size=2)
    normalizer = SymmetricNormalizer(partial(support_of, cohort=cohort, rule=rule), Scale(0.1, 0.2), 0.5)
    return normalizer.normalize_pairs(cosine, first, second)


def made(generate: Callable[..., Tensor], cohort: Tensor) -> Tensor:
    return generate(cohort, 3, torch.Generator().manual_seed(0)).isfinite().all().float()


def network(embeddings: Tensor, truth: Tensor) -> list[Any]:
    torch.manual_seed(0)
    return list(estimator_error(DiscrepancyNetwork(SIZES["D"]).eval(), embeddings, truth))


def pair_similarity(q: Tensor, g: Tensor, first: Tensor, again: Tensor) -> Tensor:
    faces = [features(patches.float().flatten(-1)[..., 0] if patches.dim() else patches, patches) for patches in (q, g)]
    asked = PairSimilarity(EmdReranker(weighting="uniform"), *faces)
    asked(first)
    return asked(again).values


PAIRS = {"q": "real Q N C", "g": "real G N C", "qe": "real Q C", "ge": "real G C", "candidates": "label4 Q k"}
SIDES = {"q": "real Q N C", "g": "real G N C", "candidates": "label4 Q k", "offset": "real Q N"}
HITS = {"hits": "bool Q L", "relevant": "label3 Q"}
VERIFIED = {"score": "real P", "same": "bool P"}
CALLS: dict[str, Call] = {
    **{
        f"emd_similarity, {engine}, {weighting}": call(partial(emd, engine, weighting), **PAIRS)
        for engine in ("cpu", "reference")
        for weighting in ("apc", "uniform", "apc_raw", "cc", "norm", "sc_sim")
    },
    "emd_similarity, official": call(official, **PAIRS),
    "cpu.solve": call(partial(solved, cpu), **SIDES),
    "reference.solve": call(partial(solved, reference), **SIDES),
    "cuda.solve": call(partial(solved, cuda), **SIDES),
    "sinkhorn": call(
        lambda **given: sinkhorn(**given, eps=0.5, stop=Converged()),
        similarity="colour P N C", query_weight="colour P N", gallery_weight="colour P C",
    ),
    "contributions": call(contributions, flow="real N C", similarity="real N C"),
    "strongest": call(lambda flow, similarity: strongest(flow, similarity, 3), flow="real N C", similarity="real N C"),
    "Features.pooled": call(
        lambda e, p, m: features(e, p, m).pooled((1, 2)).patches, e="real B D", p="real B N C", m="real B 68 2"
    ),
    "Features.centre": call(lambda e, p: features(e, p).to(F32)[1:].centre, e="real B D", p="real B N C"),
    "PairSimilarity": call(
        pair_similarity, q="real Q N C", g="real G N C", first="label4 Q k", again="label4 Q k"
    ),
    "search_exactly": call(
        lambda query, gallery: search_exactly(query, gallery, 3, nobody)[1], query="real Q D", gallery="real G D"
    ),
    "barred": call(
        lambda query, gallery, out: search_exactly(query, gallery, 3, lambda *_: out)[1],
        query="real Q D", gallery="real G D", out="bool Q G",
    ),
    "adjusted": call(
        lambda query, gallery, to: search_exactly(query, gallery, 3, nobody, lambda *_: to)[1],
        query="real Q D", gallery="real G D", to="real Q G",
    ),
    "first_places": call(lambda scores: first_places(scores, 2), scores="real Q L"),
    "sorted_by_score": call(sorted_by_score, scores="real Q L"),
    "rank_by_cosine": call(ranked, query="real Q D", gallery="real G D", who="label3 Q", others="label3 G"),
    "rerank": call(reranked, scores="real Q L", similarity="real Q k"),
    "rerank, auto": call(partial(reranked, alpha="auto"), scores="real Q L", similarity="real Q k"),
    "mix": call(mix, cosine="real Q k", similarity="real Q k", share="colour Q 1", absent="bool Q k"),
    "auto_alpha": call(auto_alpha, cosine="real Q k", similarity="real Q k"),
    "Labels": call(lambda **given: barred_rows(labels(**given), labels(**given), "official"),
                   identity="label3 Q", source="label3 Q", picture="label3 Q"),
    "left_out": call(lambda indices, **given: left_out(labels(**given), labels(**given), indices, "official"),
                     identity="label3 Q", source="label3 Q", picture="label3 Q", indices="label2 Q k"),
    "count_relevant": call(lambda **given: count_relevant(labels(**given), labels(**given), "leave-twin-out"),
                           identity="label3 Q", source="label3 Q", picture="label3 Q"),
    "Ranking.hits": call(lambda indices, scores, who, others: Ranking(indices, scores).hits(who, others),
                         indices="label4 Q 1", scores="real Q 1", who="label3 Q", others="label3 G"),
    "FaissIndex, flat": call(partial(searched, kind=FlatSearch()), query="real Q D", gallery="real G D"),
    "FaissIndex, ivf": call(partial(searched, kind=IvfSearch(nlist=2, nprobe=2)), query="real Q D", gallery="real G D"),
    "FaissIndex, hnsw": call(
        partial(searched, kind=HnswSearch(m=2, ef_construction=4, ef_search=99)),
        query="real Q D", gallery="real G D",
    ),
    "KReciprocal": call(
        reciprocal, query="real Q D", gallery="real G D", candidates="label4 Q k", barred="label4 Q 1"
    ),
    "expanded_similarity": call(
        lambda query, gallery, candidates: expanded_similarity(query, gallery, candidates, n=2),
        query="real Q D", gallery="real G D", candidates="label4 Q k",
    ),
    **{name: call(function, **HITS) for name, function in identification.metrics_named(METRICS).items()},
    "best_possible": call(lambda hits: identification.best_possible(hits, 2), hits="bool Q L"),
    "mated_scores": call(lambda hits, scores: open_set.mated_scores(hits, scores, 2),
                         hits="bool M L", scores="real M L"),
    "threshold_at_fpir": call(lambda nonmated: open_set.threshold_at_fpir(nonmated, 0.4), nonmated="real S"),
    "det_curve": call(open_set.det_curve, mated="real M", nonmated="real S"),
    "risk_coverage": call(rejection.risk_coverage, confidence="real Q", right="bool Q"),
    "area_under_risk": call(rejection.area_under_risk, confidence="real Q", right="bool Q"),
    "tar_after_rejection": call(
        lambda **given: rejection.tar_after_rejection(**given, far=0.5),
        score="real P", same="bool P", confidence="real P", portions="colour R",
    ),
    "rejection_area": call(
        lambda portions, rate: rejection.rejection_area(
            portions if impossible(portions) or not portions.dim() else portions.sort().values, rate
        ),
        portions="real R", rate="real R",
    ),
    "oracle_confidence": call(lambda score, same: rejection.oracle_confidence(score, same, 0.5), **VERIFIED),
    "fold_accuracy": call(verification.fold_accuracy, score="real P", same="bool P", fold="label2 P"),
    "best_threshold": call(verification.best_threshold, **VERIFIED),
    "tar_at_far": call(lambda score, same: verification.tar_at_far(score, same, 0.4), **VERIFIED),
    "roc_curve": call(verification.roc_curve, **VERIFIED),
    **{
        f"head {name}": call(partial(of_head, name), embedding="real B D", who="label3 B")
        for name in ("arcface", "cosface", "softmax")
    },
    **{
        f"criterion {name}": call(
            partial(criterion, name), embedding="real B D", patches="real B N C", who="label3 B"
        )
        for name in ("plain", "otface", "scaleface")
    },
    **{
        f"focal_loss {name}": call(
            lambda logits, who, name=name: focal_loss(logits, who, focal=name), logits="colour B I", who="label3 B"
        )
        for name in ("none", "per_batch", "per_sample")
    },
    "hard_triplets": call(
        lambda embedding, who: torch.tensor(len(hard_triplets(embedding, who, 2.1).anchor)),
        embedding="real B D", who="label3 B",
    ),
    "fgsm": call(partial(attacked, "fgsm"), faces="colour B 3 2 2"),
    "pgd": call(partial(attacked, "pgd"), faces="colour B 3 2 2", start="colour B 3 2 2"),
    "mi_fgsm": call(partial(attacked, "mi_fgsm"), faces="colour B 3 2 2"),
    "to_pixels": call(to_pixels, faces="colour B 3 2 2"),
    "anchors": call(anchored, query="real Q D", gallery="real G D"),
    **{
        f"support_of, {rule}": call(
            partial(supported, rule=rule),
            embeddings="real B D", cohort="real Z D", person="label3 B", strangers="label3 Z",
        )
        for rule in ("topk", "cap", "relative")
    },
    "symmetric_norm": call(
        lambda cosine, m, n, s, t: symmetric_norm(cosine, (m, n), (s, t)),
        cosine="real Q k", m="real Q 1", n="real k", s="colour Q 1", t="colour k",
    ),
    "mix_normalized": call(lambda c, n: mix_normalized(c, n, Scale(0.1, 0.2), 0.5), c="real Q k", n="real Q k"),
    "subtract_discrepancy": call(
        lambda c, x, y: subtract_discrepancy(c, x, y, 0.5), c="real Q k", x="real Q 1", y="real k"
    ),
    "SymmetricNormalizer": call(normed, cosine="real P", first="real P D", second="real P D", cohort="real Z D"),
    "Cohort": call(
        lambda embedding, person: Cohort(embedding, person).own_support(SupportRule(size=1)).mean,
        embedding="real Z D", person="label3 Z",
    ),
    "interpolate": call(partial(made, interpolate), cohort="real Z D"),
    "perturb": call(partial(made, perturb), cohort="real Z D"),
    "enlarge": call(lambda cohort: enlarge(cohort, 2, interpolate, 0)[: len(cohort)], cohort="real Z D"),
    "DiscrepancyNetwork": call(network, embeddings="real B D", truth="real B"),
}  # fmt: skip


def try_call(name: str, wanted: Call, examples: int) -> Counter[str]:
    """Call a function so many times with what hypothesis draws."""
    count: Counter[str] = Counter()
    changing = [size for size in SIZES if any(size in each.sizes.split() for each in wanted.arguments.values())]

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def attempt(data: st.DataObject) -> None:
        sizes, harmless = dict(SIZES), data.draw(st.booleans(), label="harmless")
        if data.draw(st.integers(0, 4), label="another size") == 0:
            sizes[data.draw(st.sampled_from(changing))] = data.draw(st.sampled_from([0, 1, 2, 5]))
        given = {name: drawn_tensor(data, name, each, sizes, harmless) for name, each in wanted.arguments.items()}
        # Triton's interpreter multiplies the bits of bfloat16.
        if name == "cuda.solve" and BF16 in (given["q"].dtype, given["g"].dtype):
            return
        count["tried"] += 1
        try:
            found = wanted.function(**given)
        except ValueError:
            count["refused"] += 1
            return
        assert not any(map(impossible, given.values())), "such a tensor has no right value"
        coarse = any(tensor.dtype in (F16, BF16) for tensor in given.values())
        assert_same(found, wanted.function(**{key: plain(tensor) for key, tensor in given.items()}), coarse)
        count["right"] += 1

    attempt()
    return count


def engines_agree(examples: int) -> Counter[str]:
    """All engines take and refuse the same, and give one similarity."""
    count: Counter[str] = Counter()
    wanted = {name: Wanted(*text.split(" ", 1)) for name, text in SIDES.items()}

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def attempt(data: st.DataObject) -> None:
        harmless = data.draw(st.booleans(), label="harmless")
        given = {name: drawn_tensor(data, name, each, dict(SIZES), harmless) for name, each in wanted.items()}
        if BF16 in (given["q"].dtype, given["g"].dtype):
            return
        count["tried"] += 1
        answers: list[Any] = []
        for engine in (reference, cpu, cuda):
            try:
                answers.append(solved(engine, **given))
            except ValueError as error:
                answers.append(f"{type(error).__name__}: {error}")
        if isinstance(answers[0], str):
            assert answers == answers[:1] * 3
            count["refused"] += 1
        else:
            for other in answers[1:]:
                assert_same(other, answers[0], any(tensor.dtype == F16 for tensor in given.values()))
            count["right"] += 1

    attempt()
    return count


WRONG_PROBLEMS: list[dict[str, Any]] = [
    *({name: None} for name in ("candidates", "similarity", "fallback", "unfinished")),
    *({f"{side}.{name}": None} for side in ("query", "gallery") for name, _ in cpu._Side._fields_[:-1]),
    *({f"{side}.precision": value} for side in ("query", "gallery") for value in (-1, 4, 2**62)),
    *({name: value} for name in ("patches", "channels", "places_at_once") for value in (0, -1, 2**40, -(2**63))),
    *({name: value} for name in ("queries", "places", "faces", "max_rounds") for value in (-1, 2**40, -(2**63))),
    *({"candidates_apart": value} for value in (-1, 2**62)),
    *({"eps": value} for value in (0.0, -1.0, 0.01, 11.0, float("nan"), float("inf"))),
    *({"tolerance": value} for value in (-1.0, float("nan"))),
    *({"row": value} for value in (-1, 3, 2**62, -(2**63))),
    *({"first": value} for value in (-1, 3)),
    *({"last": value} for value in (3, 2**62)),
    *({"name": value} for value in (b"", b"sse9", None)),
]  # fmt: skip


def library_refuses() -> Counter[str]:
    """The C++ entry answers with a code to problems that it must not read, for every instruction set."""
    count: Counter[str] = Counter()
    assert cpu._LIBRARY is not None
    side = side_of(Features(torch.randn(3, 2), torch.randn(3, 4, 5), (2, 2)), "apc")
    for instructions in cpu.INSTRUCTIONS:
        for wrong in [{}, *WRONG_PROBLEMS]:
            kept = [cpu._tensors(side)] * 2
            sides = [cpu._Side(*(tensor.data_ptr() for tensor in tensors), 0) for tensors in kept]
            rows, out, flags = torch.tensor([[0, 1], [2, 1]]), torch.zeros(2, 2), torch.zeros(2, 2, 2, dtype=BOOL)
            outputs = (out.data_ptr(), flags[0].data_ptr(), flags[1].data_ptr())
            problem = cpu._Problem(*sides, 2, 3, rows.data_ptr(), 2, 2, 128, 4, 5, 0.05, 3e-4, 100, 0, *outputs)
            arguments: dict[str, Any] = {"first": 0, "last": 2, "name": instructions.encode()}
            for name, value in wrong.items():
                if name == "row":
                    rows[1, 1] = value
                elif name in arguments:
                    arguments[name] = value
                else:
                    holder, _, field = name.rpartition(".")
                    setattr(getattr(problem, holder) if holder else problem, field, value)
            answer = cpu._LIBRARY.fdemd_solve(
                ctypes.byref(problem), arguments["first"], arguments["last"], 2, arguments["name"]
            )
            assert bool(answer) == bool(wrong), (wrong, answer)
            count["tried"] += 1
            count["refused" if answer else "right"] += 1
    return count


def stored(faces: Features, dtype: torch.dtype) -> Features:
    """Features with patches of a type, those of int8 compact."""
    return compact(faces) if dtype == torch.int8 else faces.to(dtype)


def every_instruction_set() -> Counter[str]:
    """Right values of all sizes that the library treats in their own way, for every instruction set and type."""
    count: Counter[str] = Counter()
    stop = Converged(1e-2, 50)
    for patches, channels in ((1, 1), (3, 2), (9, 17), (17, 31), (35, 33), (64, 64), (70, 513)):
        for types in ((F32, F32), (F16, F16), (BF16, BF16), (F32, BF16), (torch.int8, torch.int8), (F16, torch.int8)):
            drawn = torch.Generator().manual_seed(patches)
            both = [torch.randn(number, patches, channels, generator=drawn).abs() for number in (2, 3)]
            sides = [
                side_of(stored(features(torch.zeros(len(faces), 1), faces), dtype), "apc")
                for faces, dtype in zip(both, types, strict=True)
            ]
            rows = torch.tensor([[0, 2, 1], [2, 2, 0]])
            expected = reference.solve(*sides, rows, eps=0.05, stop=stop).similarity
            for instructions in cpu.INSTRUCTIONS:
                found = cpu.solve(*sides, rows, eps=0.05, stop=stop, instructions=instructions).similarity
                torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)
                count["tried"] += 1
                count["right"] += 1
    return count


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("examples", type=int)
    parser.add_argument("--library", help="another build of the compiled engine")
    parser.add_argument("--only", default="", help="functions whose name has this in it")
    asked = parser.parse_args()
    torch.set_num_threads(2)
    if asked.library:
        library = cpu.load(asked.library)
        assert library is not None
        cpu._LIBRARY, cpu.INSTRUCTIONS = library, tuple(library.fdemd_instructions().decode().split())
    few = max(3, asked.examples // 5)  # Triton's interpreter takes its time
    for name, wanted in CALLS.items():
        if asked.only in name:
            print(json.dumps({name: try_call(name, wanted, few if "cuda" in name else asked.examples)}), flush=True)
    if asked.only in "engines: solve":
        print(json.dumps({"all engines alike": engines_agree(few)}), flush=True)
        print(json.dumps({"fdemd_solve": library_refuses()}), flush=True)
        print(json.dumps({"every instruction set": every_instruction_set()}), flush=True)
