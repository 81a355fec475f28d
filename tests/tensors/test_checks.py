"""What a function takes is checked, and wrong tensors break none (few are tried; more in tests/breaking)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.tensors.checks import check, check_broadcast, checked

HOSTILE = Path(__file__).parents[1] / "hostile_tensors.py"


@checked(hits="bool Q L", relevant="whole Q")
def found(hits: Tensor, relevant: Tensor | None = None) -> Tensor | None:
    return relevant


HITS = torch.ones(2, 3, dtype=torch.bool)


def test_whole_numbers_of_any_size_become_int64() -> None:
    relevant = found(HITS, relevant=torch.tensor([1, 2], dtype=torch.uint8))
    assert relevant is not None and relevant.dtype == torch.int64 and relevant.tolist() == [1, 2]


def test_what_is_none_is_left_out() -> None:
    assert found(HITS) is None


@pytest.mark.parametrize(
    ("relevant", "complaint"),
    [
        (torch.ones(3, dtype=torch.long), r"hits is \(2, 3\) and relevant is \(3\); they must be \(Q, L\) and \(Q\)"),
        (torch.ones(2, 1, dtype=torch.long), r"relevant is \(2, 1\)"),
        (torch.ones(2), "relevant is of float32; it must be of uint8, int8"),
        (HITS[:, 0], "relevant is of bool"),
        (torch.ones(2, dtype=torch.cfloat), "relevant is of complex64"),
        (torch.ones(2, dtype=torch.long).to_sparse(), "plain tensor"),
        (torch.ones(2, dtype=torch.long, device="meta"), "no values"),
        ([1, 2], "relevant is of the type list; it must be a tensor"),
    ],
)
def test_what_cannot_be_used_is_named(relevant: Tensor, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        found(HITS, relevant)


@pytest.mark.parametrize(("kind", "value"), [("finite", torch.inf), ("rank", torch.inf), ("score", torch.nan)])
def test_a_value_that_cannot_be_used_is_the_users_to_mend(kind: str, value: float) -> None:
    check({"scores": (torch.tensor([1.0, 2.0]), f"{kind} Q")})
    with pytest.raises(InputError, match="Some values of scores are"):
        check({"scores": (torch.tensor([1.0, value]), f"{kind} Q")})


def test_leading_sizes_are_any_but_equal() -> None:
    check({"one": (torch.ones(2, 5, 3), "float ... N"), "other": (torch.ones(2, 5), "float ...")})
    with pytest.raises(ValueError, match="must be"):
        check({"one": (torch.ones(2, 5, 3), "float ... N"), "other": (torch.ones(2, 4), "float ...")})


def test_shapes_that_do_not_broadcast_are_refused() -> None:
    check_broadcast({"one": torch.ones(2, 1), "other": torch.ones(3)})
    with pytest.raises(ValueError, match="do not go together"):
        check_broadcast({"one": torch.ones(2, 2), "other": torch.ones(3)})


def test_wrong_tensors_break_no_function() -> None:
    """In a process of its own, so that a crash is a failure."""
    command = [sys.executable, str(HOSTILE), "2"]
    here = os.environ | {"PYTHONPATH": str(HOSTILE.parents[1])}
    ran = subprocess.run(command, capture_output=True, text=True, env=here, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    counts = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(counts) > 80
