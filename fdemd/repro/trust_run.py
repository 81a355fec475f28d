"""Makes the calibrations that come with fdemd, and measures them on people who played no part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from fdemd.repro.lfw_networks import Network
from fdemd.repro.trust_copies import COPIED, copies_words, measure_copies
from fdemd.repro.trust_estimator import measure_estimator, measure_masked, measure_unseen
from fdemd.repro.trust_measure import Rule, goal_counts, measure_kinds
from fdemd.repro.trust_page import NEVER_SEEN, OTHER_DATA
from fdemd.repro.trust_part import SEED, Part
from fdemd.repro.trust_rules import UNSEEN, always, by_half, fit_without, without
from fdemd.repro.trust_sample import FIT, MOST_OF_A_PERSON, TEST, draw_sample, read_archive, write_samples
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT
from fdemd.runs.files import versions
from fdemd.visibility.estimator import VisibilityEstimator
from fdemd.visibility.store import SHIPPED, read_calibration, write_calibration

KINDS = ("clean", "mask", "sunglass", "crop", "rotate", "blur")
LFW, ATT = "LFW", "AT&T"
WITH_COPIES = ("dlib", "w600k_mbf")
"""Networks, a weak one and a strong one, whose galleries of LFW are enrolled with copies too."""
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
        fit = Part.of(network, _lfw(parts[FIT]), weights, ("clean",))
        covered = fit.covered()
        file = shipped / f"{network.name}.safetensors"
        if not keep:
            write_calibration(fit.calibrated(fit.searched(covered)), file)
        unaware = fit_without(covered, [*KINDS, *UNSEEN])
        found.append(_measure(network, file, unaware, parts[TEST], weights, masked))
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


def _measure(
    network: Network,
    file: Path,
    unaware: Mapping[str, VisibilityEstimator],
    test: Path,
    weights: Path,
    masked: Path | None,
) -> dict[str, Any]:
    calibration = read_calibration(file)
    lfw = Part.of(network, _lfw(test), weights, KINDS).with_covers(UNSEEN)
    att = Part.of(network, ATT_WORDS, weights, KINDS)
    cache = lfw.data.faces.cache
    of_att = att.searched(att.covered())
    rules: dict[str, dict[str, Rule]] = {
        LFW: {"calibrated": always(calibration), OTHER_DATA: always(att.calibrated(of_att, calibration.estimator))},
        ATT: {"calibrated": by_half(att, of_att, calibration.estimator), OTHER_DATA: always(calibration)},
    }
    for each in rules.values():
        each[NEVER_SEEN] = without(calibration, unaware)
    facts: dict[str, Any] = {
        "estimator": measure_estimator(lfw, calibration.estimator),
        "never seen": measure_unseen(lfw.data, calibration.estimator, unaware),
    }
    if masked is not None:
        facts["really masked"] = measure_masked(masked, lfw.data.backbone, calibration.estimator, cache)
    facts["rows"] = [
        {"data": name, "network": network.name, **row}
        for name, part, kinds in ((LFW, lfw, [*KINDS, *UNSEEN]), (ATT, att, KINDS))
        for row in measure_kinds(part.data, kinds, rules[name], cache)
    ]
    facts["copies"] = []
    if network.name in WITH_COPIES:
        copied = Part.of(network, [*_lfw(test), *copies_words(file)], weights, COPIED)
        facts["copies"] = measure_copies(copied.data, calibration, cache)
    return {
        "network": network.name,
        "weights_sha256": calibration.network["weights_sha256"],
        "alphas": calibration.by_condition,
        "calibration": dict(calibration.facts),
        **facts,
    }
