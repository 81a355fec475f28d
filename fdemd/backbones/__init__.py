"""Networks: faces -> :class:`~fdemd.features.Features`.

How to add a network, here or in a package of its own: CONTRIBUTING.md.
"""

from collections.abc import Callable, Mapping
from inspect import signature
from pkgutil import resolve_name
from typing import Any

from fdemd.backbones.backbone import Backbone
from fdemd.backbones.convnet import RANDOM
from fdemd.backbones.soundness import check_sound
from fdemd.errors import InputError, unknown
from fdemd.settings.checking import check_settings
from fdemd.settings.plugin_settings import plugin_schema
from fdemd.settings.plugins import load_plugin, plugin_names, refusals_told, unknown_choice

BACKBONES: dict[str, str | Callable[..., Backbone]] = {
    "arcface": "fdemd.backbones.arcface:ArcFace",
    "cosface": "fdemd.backbones.cosface:CosFace",
    "dlib": "fdemd.backbones.dlib:DlibNet",
    "facenet": "fdemd.backbones.facenet:FaceNet",
    "iresnet": "fdemd.backbones.iresnet:IResNet",
    "mobilefacenet": "fdemd.backbones.mobilefacenet:mobilefacenet",
    "onnx": "fdemd.backbones.onnx:OnnxBackbone",
    "sface": "fdemd.backbones.sface:SFace",
    "timm": "fdemd.backbones.timm:TimmBackbone",
}
"""Name -> what builds the network, or where it is: it is imported once the network is asked for."""

_TOLD = {
    "face_size": "(height, width) of the faces that it takes, such as (112, 112)",
    "alignment": 'the alignment of these faces, such as "insightface"',
    "weights_sha256": f'"{RANDOM}" or the sha256 of its weight file',
}
"""What every network says of itself -> what that may be."""

__all__ = ["BACKBONES", "Backbone", "create_backbone", "list_backbones"]


def list_backbones() -> list[str]:
    """Return the names of the networks, those that other installed packages bring included, sorted.

    Examples:
        >>> "dlib" in list_backbones()
        True
    """
    return sorted({*BACKBONES, *plugin_names("backbones")})


def create_backbone(backbone: str, **settings: Any) -> Backbone:
    """Build a network in evaluation mode.

    Args:
        backbone: Its name, one of :func:`list_backbones`. Other installed packages add names by entry points of the
            group ``fdemd.backbones``.
        **settings: As ``configs/model/NAME.yaml`` explains them; most networks have ``checkpoint``, the path of a
            weight file. ``onnx`` takes any face network in a file of that format, ``timm`` any trunk by its ``name``.

    Returns:
        The network, to be used with :func:`fdemd.embed`. It takes faces ``(B, 3, *face_size)``, float32 RGB in [0, 1],
        aligned by the template ``alignment``.

    Raises:
        InputError: No such network, or its settings or weights are wrong: those of a file give embeddings that are no
            use (see :func:`fdemd.backbones.soundness.check_sound`).

    Examples:
        >>> backbone = create_backbone("dlib")
        >>> backbone.face_size, backbone.alignment
        ((150, 150), 'dlib')
        >>> create_backbone("dlib", grdi=4)
        Traceback (most recent call last):
        fdemd.errors.InputError: Unknown setting of the backbone dlib 'grdi' (did you mean grid?); choose one of \
checkpoint, grid.
    """
    if backbone in BACKBONES:
        entry = BACKBONES[backbone]
        build = resolve_name(entry) if isinstance(entry, str) else entry
    elif backbone in plugin_names("backbones"):
        build = load_plugin("backbones", backbone)
    else:
        raise unknown_choice("backbone", backbone, list_backbones(), "backbones")
    _check_names(build, settings, backbone)
    if backbone not in BACKBONES:
        check_settings(plugin_schema("backbones", backbone), settings)
    with refusals_told("backbones", backbone):
        network = build(**settings)
    _check_contract(network, backbone)
    network.eval()
    if network.weights_sha256 != RANDOM:
        check_sound(network, backbone)
    return network


def _check_contract(network: object, backbone: str) -> None:
    """Check that what a plug-in built is a network that says what has to be known of it."""
    if not isinstance(network, Backbone):
        raise InputError(f"The plug-in {backbone} is no network: it gives a {type(network).__name__}, no Backbone.")
    for name, example in _TOLD.items():
        if not hasattr(network, name):
            raise InputError(f"The plug-in {backbone} lacks {name}; set it to {example}.")


def _check_names(build: Callable[..., Backbone], settings: Mapping[str, Any], backbone: str) -> None:
    """Check that a network has settings of these names; their values are checked by the network itself."""
    parameters = signature(build).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for name in settings:
        if name not in parameters:
            raise unknown(f"setting of the backbone {backbone}", name, parameters)
