"""Whether this very training could have saved a state that was read: checked before any of it is used."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning
import torch
from pytorch_lightning import Trainer
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from fdemd.checkpoints.training_state import RUN
from fdemd.errors import InputError
from fdemd.files.text import to_printable
from fdemd.training.checkpointing import StateCheckpoint

_OF_OPTIMIZER = {"SGD": {"momentum_buffer"}, "AdamW": {"step", "exp_avg", "exp_avg_sq"}}
"""What PyTorch's optimizers remember of each parameter."""
_SHOWN = 60
"""Characters of a name from the file that an error repeats."""


class _UnfitError(Exception):
    """A state does not fit; the message ends a sentence."""


def check_compatible(
    state: Mapping[str, Any], path: Path, module: nn.Module, optimizer: Optimizer, trainer: Trainer
) -> None:
    """Check that all that Lightning will take from a state is there, of the right types and shapes, and finite.

    Args:
        state: State as :func:`fdemd.checkpoints.training_state.read_state` gives it.
        path: File of the state, named in errors.
        module: Module of the training; its weights are compared by name, shape and type.
        optimizer: New optimizer of the training.
        trainer: Trainer of the training.

    Raises:
        InputError: it is not.
    """
    schedule = LambdaLR(optimizer, lambda step: 1.0)
    loops = ("fit_loop", "validate_loop", "test_loop", "predict_loop")
    expected: dict[str, Any] = {
        "epoch": 0,
        "global_step": 0,
        "pytorch-lightning_version": "",
        "state_dict": dict(module.state_dict()),
        "loops": {name: getattr(trainer, name).state_dict() for name in loops},
        "callbacks": {StateCheckpoint.state_key: {"best": None}},
        "lr_schedulers": [schedule.state_dict()],
        RUN: state[RUN],
    }
    if scaler := trainer.precision_plugin.state_dict():
        expected[type(trainer.precision_plugin).__qualname__] = scaler
    try:
        rest = dict(state)
        optimizers = rest.pop("optimizer_states", None)
        _compare(expected, rest, "")
        _check_optimizer(optimizer, optimizers, state[RUN]["remembered"])
        _check_version(state["pytorch-lightning_version"])
    except _UnfitError as error:
        raise InputError(f"{path} is not a state that this run can go on from: {error}; start a new run.") from error


def _compare(expected: Any, found: Any, where: str) -> None:
    """Walk along ``expected``, which is finite and ours, whatever ``found`` is."""
    if isinstance(expected, Tensor):
        _check_tensor(found, where, expected.shape, expected.dtype)
    elif isinstance(expected, Mapping):
        if not isinstance(found, Mapping) or len(found) != len(expected) or set(found) != set(expected):
            missing = next((key for key in expected if not isinstance(found, Mapping) or key not in found), None)
            what = f"lacks {missing}" if missing is not None else "holds something else"
            raise _UnfitError(f"{where or 'it'} {what}")
        for key, value in expected.items():
            _compare(value, found[key], f"{where}.{key}" if where else str(key))
    elif isinstance(expected, Sequence) and not isinstance(expected, str):
        if not isinstance(found, list | tuple) or len(found) != len(expected):
            raise _UnfitError(f"{where} does not have {len(expected)} entries")
        for number, (value, other) in enumerate(zip(expected, found, strict=True)):
            _compare(value, other, f"{where}.{number}")
    else:
        _check_value(expected, found, where)


def _check_value(expected: Any, found: Any, where: str) -> None:
    """Check for a plain value of the expected kind: counters from 0, numbers that are finite."""
    if expected is None:
        fits = found is None or (where.endswith(".best") and isinstance(found, float) and _is_number(found))
    elif isinstance(expected, bool | str):
        fits = type(found) is type(expected)
    elif isinstance(expected, int):
        fits = type(found) is int and 0 <= found < 2**53
    else:
        fits = isinstance(found, float) and _is_number(found)
    if not fits:
        raise _UnfitError(f"{where} is not of the kind that it has to be")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _check_tensor(found: Any, where: str, shape: Sequence[int], dtype: torch.dtype) -> None:
    if not isinstance(found, Tensor) or found.layout is not torch.strided or found.device.type == "meta":
        raise _UnfitError(f"{where} is not a tensor of plain numbers")
    if tuple(found.shape) != tuple(shape) or found.dtype != dtype:
        raise _UnfitError(f"{where} is {tuple(found.shape)} of {found.dtype}, not {tuple(shape)} of {dtype}")
    if not found.isfinite().all():
        raise _UnfitError(f"{where} holds NaN or Inf")


def _check_optimizer(optimizer: Optimizer, states: Any, remembered_of: int) -> None:
    if not isinstance(states, list) or len(states) != 1 or not isinstance(states[0], dict):
        raise _UnfitError("it lacks the state of one optimizer")
    found, own = states[0], optimizer.state_dict()
    fits = set(found) == {"state", "param_groups"} and isinstance(found["state"], dict)
    if not fits or len(found["state"]) != remembered_of:
        raise _UnfitError("it lacks what the optimizer remembers")
    _compare(own["param_groups"], found["param_groups"], "param_groups")
    if [each["params"] for each in own["param_groups"]] != [each["params"] for each in found["param_groups"]]:
        raise _UnfitError("param_groups numbers the parameters otherwise")
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for number, remembered in found["state"].items():
        where = f"state.{to_printable(str(number)[:_SHOWN])}"
        if type(number) is not int or not 0 <= number < len(parameters):
            raise _UnfitError(f"{where} is of no parameter")
        if not isinstance(remembered, dict) or set(remembered) != _OF_OPTIMIZER[type(optimizer).__name__]:
            raise _UnfitError(f"{where} is not what the optimizer remembers of a parameter")
        for name, value in remembered.items():
            if value is not None or name != "momentum_buffer":  # None where there is no momentum
                shape = () if name == "step" else parameters[number].shape
                _check_tensor(value, f"{where}.{name}", shape, torch.float32)


def _check_version(version: str) -> None:
    """Lightning changes the states of its earlier versions in its own way as it reads them."""
    now = pytorch_lightning.__version__
    if not re.fullmatch(r"\d+\.\d+[\w.+-]*", version) or version.split(".")[0] != now.split(".")[0]:
        raise _UnfitError(f"Lightning {to_printable(version[:_SHOWN])} wrote it, and this is {now}")
