"""Networks of the timm library, built without their classifiers, and timm's own weights for them.

timm is imported where it is used: it takes seconds, and the other backbones do without it.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from fdemd.checkpoints.weights import read_weights
from fdemd.errors import InputError

if TYPE_CHECKING:
    from timm.models import PretrainedCfg

TIMM_ERRORS = (AssertionError, KeyError, RuntimeError, TypeError, ValueError)
"""What timm raises for a size or for weights that do not suit a network."""
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")
"""Names under which timm looks for weights on the Hugging Face hub, in its order."""


def untrained_trunk(name: str, size: Sequence[int] | None) -> nn.Module:
    """Build a network with timm's initialisation.

    Args:
        name: Name of the network in timm.
        size: ``(height, width)`` of the faces in pixels; None for the network's own size.

    Raises:
        InputError: timm has no such network, or it cannot take the size.
    """
    import timm

    settings = _size_settings(_config(name), size)
    try:
        return timm.create_model(name, num_classes=0, **settings)
    except TIMM_ERRORS as error:
        raise unfit(name, size, error) from error


def pretrained_trunk(name: str, size: Sequence[int] | None, path: Path) -> nn.Module:
    """Build a network with timm's own weights from a file; timm resamples its positions for another size.

    Raises:
        InputError: timm has no such network, or the file is damaged or holds other weights.
    """
    import timm

    settings = _size_settings(_config(name), size)
    overlay = {"state_dict": read_weights(path)}
    try:  # with the classifier: without it timm would not mind missing weights
        trunk: Any = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay, **settings)
    except TIMM_ERRORS as error:
        raise InputError(
            f"{path} does not hold timm's weights of {name}: {_beginning(error)} Remove the file from the cache and "
            "fetch it again, or give another with model.checkpoint=PATH."
        ) from error
    trunk.pretrained_cfg.pop("state_dict")  # else the file's tensors stay in memory
    trunk.reset_classifier(0)
    return trunk


def cached_weights(name: str) -> Path:
    """Return the file of timm's own weights of a network in the cache of the Hugging Face hub, without any download.

    Raises:
        InputError: timm has no such network or no weights of it, or they were not downloaded yet.
    """
    from huggingface_hub import try_to_load_from_cache

    config = _config(name)
    if config.hf_hub_id:
        for file in _HUB_FILES:
            found = try_to_load_from_cache(config.hf_hub_id, file)
            if isinstance(found, str):
                return Path(found)
        raise InputError(
            f"timm's weights of {name} are not in its download cache. With a network, run once: "
            f"""python -c "import timm; timm.create_model('{name}', pretrained=True)"; without one, download """
            f"{_HUB_FILES[0]} from https://huggingface.co/{config.hf_hub_id} and set model.checkpoint=PATH of it."
        )
    if config.url:
        raise InputError(
            f"timm's weights of {name} are not on the Hugging Face hub; download {config.url} and set "
            "model.checkpoint=PATH of that file."
        )
    raise InputError(f"timm publishes no weights of {name}; train it with model.checkpoint=random.")


def unfit(name: str, size: Sequence[int] | None, error: Exception) -> InputError:
    """Return the error for a network that cannot take faces of ``size`` (height, width), given the error of timm."""
    described = f"{'x'.join(map(str, size))} pixels" if size else "its own size"
    return InputError(
        f"The timm model {name} cannot be built for faces of {described}: {_beginning(error)} Set "
        "model.face_size=[HEIGHT,WIDTH] to sides that it can divide, or null for its own."
    )


def _config(name: str) -> PretrainedCfg:
    """Return timm's configuration of a network; unknown names would send timm to the internet or to a folder."""
    import timm

    try:
        config = timm.get_pretrained_cfg(name) if timm.is_model(name) else None
    except RuntimeError:  # the tag after the dot is unknown
        config = None
    if config is None:
        near = difflib.get_close_matches(name, timm.list_models() + timm.list_pretrained(), n=3)
        hint = f" (did you mean {', '.join(near)}?)" if near else ""
        raise InputError(
            f"timm {timm.__version__} has no model {name!r}{hint}; see all of them with "
            """python -c "import timm; print(*timm.list_models())"."""
        )
    return config


def _size_settings(config: PretrainedCfg, size: Sequence[int] | None) -> dict[str, Any]:
    """Return the arguments for a face size: networks with positional embeddings need it, others do not know it."""
    return {"img_size": tuple(size)} if size and config.fixed_input_size else {}


def _beginning(error: Exception) -> str:
    """Return a message as one sentence, cut: PyTorch's may list hundreds of keys."""
    return " ".join(str(error).split())[:200].rstrip(".") + "."
