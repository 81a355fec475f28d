"""Makes the calibrations that come with fdemd, and measures them on people who played no part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.embedding.covers import embed_covers
from fdemd.embedding.data import DataDescription, build_network, describe_data
from fdemd.jobs.calibrate import calibrate_data, cover_makers
from fdemd.repro.lfw_networks import Network, with_folders
from fdemd.repro.trust_measure import fit_unaware, goal_counts, measure_estimator, measure_kinds, measure_masked
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
        if not keep:
            write_calibration(_calibrate(network, parts[FIT], weights), file)
        found.append(_measure(network, read_calibration(file), parts, weights, masked))
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


def _described(network: Network, words: Sequence[str], weights: Path, kinds: Sequence[str]) -> DataDescription:
    given = [*words, *with_folders(network.words, "", str(weights)), f"query=[{','.join(kinds)}]", f"seed={SEED}"]
    (point,) = plan("evaluate", given, CONFIG_DIR)
    settings = point.settings
    return describe_data(settings, build_network(settings.model, settings.seed))


def _calibrate(network: Network, manifest: Path, weights: Path) -> Calibration:
    described = _described(network, ["data=lfw", f"data.manifest={manifest}"], weights, ("clean",))
    data = described.embed()
    found = calibrate_data(described, data, EmdRerank(), data.faces.gallery_rows, network.name)
    print(found.summary(), flush=True)
    return found.calibration


def _unaware(network: Network, manifest: Path, weights: Path) -> dict[str, VisibilityEstimator]:
    described = _described(network, ["data=lfw", f"data.manifest={manifest}"], weights, ("clean",))
    data = described.embed()
    makers = cover_makers(SEED)
    return fit_unaware(embed_covers(described, data, data.faces.gallery_rows, makers), KINDS)


def _measure(
    network: Network, calibration: Calibration, parts: Mapping[str, Path], weights: Path, masked: Path | None
) -> dict[str, Any]:
    rows, facts = [], {}
    unaware = _unaware(network, parts[FIT], weights) if network.name in LEFT_OUT else {}
    for name, words in ((LFW, ["data=lfw", f"data.manifest={parts[TEST]}"]), (ATT, ATT_WORDS)):
        described = _described(network, words, weights, KINDS)
        data = described.embed()
        cache = data.faces.cache
        measured = measure_kinds(data, KINDS, calibration, cache, unaware)
        rows += [{"data": name, "network": network.name, **row} for row in measured]
        if name == LFW:
            facts["estimator"] = measure_estimator(described, data, calibration.estimator)
        if name == LFW and masked is not None:
            facts["really masked"] = measure_masked(masked, data.backbone, calibration.estimator, cache)
    return {
        "network": network.name,
        "weights_sha256": calibration.network["weights_sha256"],
        "alphas": calibration.by_condition,
        "calibration": dict(calibration.facts),
        **facts,
        "rows": rows,
    }
