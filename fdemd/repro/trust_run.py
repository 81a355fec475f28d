"""Makes the calibrations that come with fdemd, and measures them on people who played no part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.embedding.covers import CoveredFaces
from fdemd.embedding.data import DataDescription, EmbeddedData, build_network, describe_data
from fdemd.features import Features
from fdemd.jobs.calibrate import calibrate_covered, cover_photographs
from fdemd.repro.lfw_networks import Network, with_folders
from fdemd.repro.trust_estimator import fit_unaware, measure_estimator, measure_masked
from fdemd.repro.trust_measure import Rule, goal_counts, measure_kinds
from fdemd.repro.trust_page import NEVER_SEEN, OTHER_DATA
from fdemd.repro.trust_sample import FIT, MOST_OF_A_PERSON, TEST, draw_sample, read_archive, write_samples
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT
from fdemd.runs.files import versions
from fdemd.settings.ranking import EmdRerank
from fdemd.visibility.calibration import Calibration
from fdemd.visibility.estimator import VisibilityEstimator
from fdemd.visibility.store import SHIPPED, read_calibration, write_calibration

KINDS = ("clean", "mask", "sunglass", "crop", "rotate", "blur")
SEED = 0
"""Seed of the halves of people, of the covers and of the queries."""
LFW, ATT = "LFW", "AT&T"
LEFT_OUT = ("dlib",)
"""Networks for which estimators are fitted without each kind of cover in turn too."""
ATT_WORDS = ("data=orl",)
"""Words of the command line that choose the AT&T faces."""


def make_calibrations(
    lfw: Path,
    prepared: Path,
    weights: Path,
    networks: Sequence[Network],
    *,
    masked: Path | None = None,
    keep: bool = False,
    shipped: Path = SHIPPED,
) -> dict[str, Any]:
    """Calibrate each network on half of LFW's people, and measure it on others and on the AT&T faces.

    Features and similarities are kept in the cache, those of an earlier run are used.

    Args:
        lfw: Folder of LFW's archive.
        prepared: Folder of its aligned sets.
        weights: Folder of the networks' weight files.
        networks: Networks to calibrate.
        masked: Folder of photographs of people who wear masks; None leaves these out.
        keep: Whether to measure the calibrations that are there instead of making them.
        shipped: Folder of the calibrations.

    Returns:
        The figures as plain values, as JSON can hold them.

    Raises:
        InputError: A file is missing or cannot be used.
    """
    sample = draw_sample(read_archive(lfw), SEED)
    found = []
    for number, network in enumerate(networks, start=1):
        print(f"step {number}/{len(networks)}: {network.name}", flush=True)
        parts = write_samples(prepared / network.template, sample)
        file = shipped / f"{network.name}.safetensors"
        unaware: Mapping[str, VisibilityEstimator] = {}
        if not keep or network.name in LEFT_OUT:
            fit = _Part.of(network, _lfw(parts[FIT]), weights, ("clean",))
            covered = fit.covered()
            if not keep:
                write_calibration(fit.calibrated(covered, network), file)
            if network.name in LEFT_OUT:
                unaware = fit_unaware(covered, KINDS)
        found.append(_measure(network, read_calibration(file), unaware, parts[TEST], weights, masked))
    rows = [row for each in found for row in each["rows"]]
    return {
        "written": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": "python -m fdemd.repro.trust --lfw DIR --weights DIR --masked DIR",
        "fit": {
            "data": f"{LFW}, half of the people, at most {MOST_OF_A_PERSON} photographs of each",
            "photographs": len(sample[FIT]),
            "seed": SEED,
        },
        "measured on": f"{LFW}: {len(sample[TEST])} photographs of other people; {ATT}: all 40 people",
        "protocol": f"{LEAVE_TWIN_OUT}; clean queries leave-one-out",
        "unit": "percent",
        "versions": versions(),
        "goal": goal_counts(rows),
        "networks": found,
    }


def _lfw(manifest: Path) -> list[str]:
    return ["data=lfw", f"data.manifest={manifest}"]


@dataclass(frozen=True)
class _Part:
    """Some photographs, embedded by a network."""

    described: DataDescription
    data: EmbeddedData

    @classmethod
    def of(cls, network: Network, words: Sequence[str], weights: Path, kinds: Sequence[str]) -> _Part:
        given = [*words, *with_folders(network.words, "", str(weights)), f"query=[{','.join(kinds)}]", f"seed={SEED}"]
        (point,) = plan("evaluate", given, CONFIG_DIR)
        settings = point.settings
        described = describe_data(settings, build_network(settings.model, settings.seed))
        return cls(described, described.embed())

    def covered(self) -> CoveredFaces:
        return cover_photographs(self.described, self.data, self.data.faces.gallery_rows)

    def calibrated(self, faces: CoveredFaces, network: Network) -> Calibration:
        return calibrate_covered(self.described, self.data, faces, EmdRerank(), network.name).calibration


def _measure(
    network: Network,
    calibration: Calibration,
    unaware: Mapping[str, VisibilityEstimator],
    test: Path,
    weights: Path,
    masked: Path | None,
) -> dict[str, Any]:
    lfw, att = _Part.of(network, _lfw(test), weights, KINDS), _Part.of(network, ATT_WORDS, weights, KINDS)
    cache = lfw.data.faces.cache
    of_att = att.covered()
    rules: dict[str, dict[str, Rule]] = {
        LFW: {"calibrated": _always(calibration), OTHER_DATA: _always(att.calibrated(of_att, network))},
        ATT: {"calibrated": _by_half(network, att, of_att), OTHER_DATA: _always(calibration)},
    }
    if unaware:
        for each in rules.values():
            each[NEVER_SEEN] = _without(calibration, unaware)
    facts: dict[str, Any] = {"estimator": measure_estimator(lfw.described, lfw.data, calibration.estimator)}
    if masked is not None:
        facts["really masked"] = measure_masked(masked, lfw.data.backbone, calibration.estimator, cache)
    return {
        "network": network.name,
        "weights_sha256": calibration.network["weights_sha256"],
        "alphas": calibration.by_condition,
        "calibration": dict(calibration.facts),
        **facts,
        "rows": [
            {"data": name, "network": network.name, **row}
            for name, part in ((LFW, lfw), (ATT, att))
            for row in measure_kinds(part.data, KINDS, rules[name], cache)
        ],
    }


def _always(calibration: Calibration) -> Rule:
    return lambda kind, query: calibration.alphas_of(query)


def _without(calibration: Calibration, unaware: Mapping[str, VisibilityEstimator]) -> Rule:
    """The alphas of a calibration, by estimators that were fitted without the kind of query."""

    def alphas(kind: str, query: Features) -> Tensor | None:
        return replace(calibration, estimator=unaware[kind]).alphas_of(query) if kind in unaware else None

    return alphas


def _by_half(network: Network, part: _Part, covered: CoveredFaces) -> Rule:
    """Calibrate a gallery on its own photographs, those of half of its people for the queries of the others."""
    people = covered.labels.identity.unique()
    half = torch.randperm(len(people), generator=torch.Generator().manual_seed(SEED)) % 2

    def in_half(identity: Tensor, number: int) -> Tensor:
        return half[torch.searchsorted(people, identity)] == number

    made = [
        part.calibrated(covered[in_half(covered.labels.identity, number).nonzero()[:, 0]], network) for number in (0, 1)
    ]
    asked = in_half(part.data.query("clean")[1].identity, 1)  # judged by what was found on the people of half 0

    def alphas(kind: str, query: Features) -> Tensor:
        return made[0].alphas_of(query).where(asked, made[1].alphas_of(query))

    return alphas
