"""Section ``query``: the kinds of query of a run, in the order given, each with its settings.

The settings of a plug-in's kind are those of its function's signature. How to add a kind: CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, SerializeAsAny

from fdemd.settings.checking import check_settings
from fdemd.settings.networks import Network
from fdemd.settings.plugin_settings import plugin_schema
from fdemd.settings.plugins import plugin_names, unknown_choice
from fdemd.settings.section import Section, SectionsByName, at_least, that, within

ADVERSARIAL = "adversarial"
"""The one kind that is not made face by face: it needs the network and the gallery."""

MaskKind = Literal["surgical", "cloth", "n95", "kn95"]
GlassesStyle = Literal["wayfarer", "aviator", "round", "sport"]
AttackName = Literal["fgsm", "pgd", "mi_fgsm"]


class CleanQuery(Section):
    """``configs/query/clean.yaml``: the faces as they are."""


class MaskQuery(Section):
    """``configs/query/mask.yaml``."""

    kinds: Annotated[list[MaskKind], that(bool, "choose one kind of mask or more")]


class SunglassQuery(Section):
    """``configs/query/sunglass.yaml``."""

    styles: Annotated[list[GlassesStyle], that(bool, "choose one style of sunglasses or more")]


class CropQuery(Section):
    """``configs/query/crop.yaml``."""

    side: Annotated[float, within(lambda side: 0 < side <= 1, "it must be above 0 and at most 1 (the paper has 0.7)")]


def _rises(limits: list[float], low: float, high: float) -> bool:
    return len(limits) == 2 and low <= limits[0] <= limits[1] <= high


class RotateQuery(Section):
    """``configs/query/rotate.yaml``."""

    degrees: Annotated[
        list[float], that(lambda limits: _rises(limits, 0, 180), "it must be [smallest, largest] within 0 to 180")
    ]


class BlurQuery(Section):
    """``configs/query/blur.yaml``."""

    sigma: Annotated[
        list[float],
        that(
            lambda limits: _rises(limits, 1e-12, 0.2),
            "it must be [smallest, largest], above 0 and at most 0.2",
        ),
    ]


def _named(network: Any) -> Any:
    """A network may be given by its name alone."""
    return {"backbone": network} if isinstance(network, str) else network


class AdversarialQuery(Section):
    """``configs/query/adversarial.yaml``: an attack on a network by its gradients.

    Attributes:
        attack: ``fgsm``, ``pgd`` or ``mi_fgsm``, see :mod:`fdemd.attacks.gradient_sign`.
        goal: ``dodging`` moves a face away from the person's own, ``impersonation`` towards another person's.
        budget: Largest change of a colour value, in 1/255.
        steps: Number of steps of ``pgd`` and ``mi_fgsm``; ``fgsm`` takes one.
        step_size: Change of a colour value a step, in 1/255; None takes that of the papers, see :attr:`step`.
        momentum: Share of the gathered gradients that ``mi_fgsm`` keeps (Dong et al. 2018, section 4: 1).
        model: Network that is attacked; None is the evaluated one.
    """

    attack: AttackName = "pgd"
    goal: Literal["dodging", "impersonation"] = "dodging"
    budget: Annotated[int, that(lambda value: 1 <= value <= 255, "it must be a whole number from 1 to 255")] = 8
    steps: Annotated[int, at_least(1, "it must be 1 or more")] = 10
    step_size: Annotated[float, within(lambda size: 0 < size <= 255, "it must be above 0 and at most 255")] | None = (
        None
    )
    momentum: Annotated[float, within(lambda value: 0 <= value <= 10, "it must lie between 0 and 10")] = 1.0
    model: Annotated[Network | None, BeforeValidator(_named)] = None

    @property
    def step(self) -> float:
        """Change of a colour value a step of ``pgd`` and ``mi_fgsm``, in 1/255.

        Without ``step_size`` it is ``2.5 budget / steps`` for ``pgd``, which reaches every place within the budget from
        any other (Madry et al. 2018, section 5), and ``budget / steps`` for ``mi_fgsm``.
        """
        if self.step_size is not None:
            return self.step_size
        return (2.5 if self.attack == "pgd" else 1) * self.budget / self.steps

    @property
    def key(self) -> tuple[str | float, ...]:
        """What decides the attacked faces; settings that the attack does not have are left out."""
        if self.attack == "fgsm":
            return self.attack, self.budget
        settings = (self.attack, self.budget, self.steps, self.step)
        return settings if self.attack == "pgd" else (*settings, self.momentum)

    @property
    def in_words(self) -> str:
        """The attack in a few words.

        >>> AdversarialQuery(budget=4).in_words
        'pgd, 10 steps of 1/255 within 4/255'
        """
        if self.attack == "fgsm":
            return f"fgsm, one step of {self.budget}/255"
        words = f"{self.attack}, {self.steps} steps of {self.step:g}/255 within {self.budget}/255"
        return words if self.attack == "pgd" else f"{words}, momentum {self.momentum:g}"


QUERY_SECTIONS: dict[str, type[Section]] = {
    "clean": CleanQuery,
    "mask": MaskQuery,
    "sunglass": SunglassQuery,
    "crop": CropQuery,
    "rotate": RotateQuery,
    "blur": BlurQuery,
    ADVERSARIAL: AdversarialQuery,
}
"""Name of a kind of query -> its section, which has the name's settings in ``configs/query``."""


def query_section(kind: str) -> type[Section]:
    """Return the section of a kind of query, fdemd's own or a plug-in's.

    Args:
        kind: Name of the kind.

    Raises:
        InputError: There is no such kind, or the plug-in cannot be loaded.

    Example:
        >>> query_section("crop")(side=0.7)
        CropQuery(side=0.7)
    """
    if kind in QUERY_SECTIONS:
        return QUERY_SECTIONS[kind]
    if kind in (plugins := plugin_names("queries")):
        return plugin_schema("queries", kind)
    raise unknown_choice("query kind", kind, [*QUERY_SECTIONS, *plugins], "queries")


Queries = Annotated[dict[str, SerializeAsAny[Section]], SectionsByName(query_section)]
"""Kind of query -> its settings, in the order given."""


class _Alone(Section):
    """A section ``query`` by itself."""

    query: Queries


def check_queries(queries: Mapping[str, Mapping[str, Any]]) -> dict[str, Section]:
    """Return the settings of kinds of query, typed and checked.

    Args:
        queries: Kind of query -> its settings by name.

    Raises:
        InputError: There is no such kind, or a setting is missing, of another type or out of range.

    Example:
        >>> check_queries({"clean": {}, "crop": {"side": 0.5}})
        {'clean': CleanQuery(), 'crop': CropQuery(side=0.5)}
    """
    return check_settings(_Alone, {"query": {kind: dict(settings) for kind, settings in queries.items()}}).query
