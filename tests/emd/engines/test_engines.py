"""Which engine computes what, and what is said when the one asked for cannot."""

import pytest
import torch

from fdemd.emd import Converged, Official, emd_similarity
from fdemd.emd.engines import FAST, Engine, choose_engine, cpu
from fdemd.emd.similarity import reference_only
from fdemd.emd.transport import Transport
from fdemd.errors import InputError
from fdemd.features import Features

CPU = torch.device("cpu")


def face(seed: int = 0) -> Features:
    return Features(torch.zeros(1, 4), torch.randn(1, 4, 4, generator=torch.Generator().manual_seed(seed)), (2, 2))


def solve(query: object, gallery: object, candidates: torch.Tensor, **options: object) -> Transport:
    assert not torch.is_grad_enabled()
    return Transport(torch.full(candidates.shape, 7.0), candidates < 0, candidates < 0)


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two engines, of which one lacks its graphics card."""
    monkeypatch.setitem(FAST, "cpu", Engine(solve, lambda: ""))
    monkeypatch.setitem(FAST, "cuda", Engine(solve, lambda: "there is no card", most_patches=256))


def test_auto_takes_the_fast_engine_of_the_device_if_it_can_run() -> None:
    assert choose_engine("auto", CPU, "") == "cpu"
    assert choose_engine("auto", torch.device("cuda"), "") == "reference"
    assert choose_engine("auto", torch.device("meta"), "") == "reference"


def test_auto_prefers_a_card_that_takes_the_grid_wherever_the_features_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAST, "cuda", Engine(solve, lambda: "", most_patches=256))
    assert choose_engine("auto", CPU, "", patches=256) == "cuda"
    assert choose_engine("auto", CPU, "", patches=257) == "cpu"
    with pytest.raises(InputError, match=r"Engine cuda cannot compute grids of 257 patches \(it takes up to 256\)"):
        choose_engine("cuda", CPU, "", patches=257)


def test_what_only_the_reference_can_do_is_done_by_it() -> None:
    assert choose_engine("auto", CPU, "flows") == "reference"
    first = torch.zeros(1, 1, dtype=torch.long)
    for options in ({"with_flow": True}, {"stop": Official()}, {"eps": 0.02}, {"engine": "reference"}):
        found = emd_similarity(face(), face(1), first, **options)
        assert found.engine == "reference"
        assert found.similarity.item() < 1
    learning = face()
    learning.patches.requires_grad_()
    assert emd_similarity(learning, face(1), first).similarity.requires_grad


def test_the_result_names_its_engine() -> None:
    found = emd_similarity(face(), face(1), torch.zeros(1, 1, dtype=torch.long))
    assert (found.engine, found.similarity.item()) == ("cpu", 7)


def test_a_whole_gallery_is_not_written_out_for_each_query(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    keeping = Engine(lambda *sides, **options: given.append(sides[2]) or solve(*sides, **options), lambda: "")
    monkeypatch.setitem(FAST, "cpu", keeping)
    emd_similarity(face(), face(1), torch.arange(1).expand(1000, -1)[:1])
    assert given[0].stride(0) == 0


def test_an_engine_that_is_not_there_is_an_error_by_name() -> None:
    with pytest.raises(InputError, match=r"Engine cuda cannot run: there is no card; use rerank\.engine=auto"):
        choose_engine("cuda", CPU, "")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"stop": Official()}, "the official stop"),
        ({"with_flow": True}, "flows"),
        ({"eps": 0.02}, "an eps as small as 0.02"),
    ],
)
def test_an_engine_that_cannot_do_it_is_an_error_by_name(options: dict, reason: str) -> None:
    with pytest.raises(InputError, match=f"Engine cpu cannot compute {reason}"):
        emd_similarity(face(), face(1), torch.zeros(1, 1, dtype=torch.long), engine="cpu", **options)


def test_an_unknown_engine_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"did you mean cuda\?.*auto, cpu, cuda, reference"):
        choose_engine("cudaa", CPU, "")


def test_the_common_case_needs_no_reference() -> None:
    assert reference_only(Converged(), 0.05) == ""


def test_without_the_compiled_engine_the_reference_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "_LIBRARY", None)
    monkeypatch.setitem(FAST, "cpu", Engine(cpu.solve, cpu.missing))
    first = torch.zeros(1, 1, dtype=torch.long)
    assert emd_similarity(face(), face(1), first).engine == "reference"
    with pytest.raises(InputError, match=r"Engine cpu cannot run: .*install a C\+\+ compiler"):
        emd_similarity(face(), face(1), first, engine="cpu")
