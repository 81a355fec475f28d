"""Full and compact patches on LFW: bytes a face, figures, agreement of rankings, and speed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from fdemd.backbones.projection import patches_for
from fdemd.bench.emd_measure import kendall_tau
from fdemd.bench.timing import interleaved
from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.embedding.data import EmbeddedData, build_network, describe_data
from fdemd.emd import Converged, emd_similarity
from fdemd.emd.compact import PatchMap, compact, map_within
from fdemd.emd.engines import cpu
from fdemd.emd.side import Side, side_of
from fdemd.features import Features
from fdemd.repro.lfw_networks import Network, with_folders
from fdemd.repro.trust_sample import FIT, TEST, draw_sample, read_archive, write_samples
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.retrieval.stage2 import reorder
from fdemd.runs.files import versions
from fdemd.scoring.ground_truth import GroundTruth
from fdemd.settings.ranking import EmdRerank

SEED = 0
"""Seed of the halves of people and of the queries."""
FULL = "float16"
SIZES = (2048, 4096, 8192, 16384)
"""Bytes a face of the compact forms, at most."""
INSTRUCTIONS = ("avx2", "")
"""Instruction sets that are timed; empty for the fastest that there is."""
_TIMED_QUERIES = 4


@dataclass(frozen=True)
class Form:
    """How patches are kept.

    Attributes:
        name: What to call it.
        is_compact: Whether in int8; otherwise as they are.
        patch_map: Map of compact ones; None for all channels.
    """

    name: str
    is_compact: bool = False
    patch_map: PatchMap | None = None

    def of(self, features: Features) -> Features:
        """Return features with patches in this form."""
        return compact(features, self.patch_map) if self.is_compact else features


def measure_networks(
    lfw: Path,
    prepared: Path,
    weights: Path,
    networks: Sequence[Network],
    kinds: Sequence[str],
    *,
    every: int,
    seconds: float,
) -> Iterator[dict[str, Any]]:
    """Measure full and compact patches of some networks, on people whom the maps were not fitted on.

    Features are kept in the cache, those of an earlier run are used.

    Args:
        lfw: Folder of LFW's archive.
        prepared: Folder of its aligned sets.
        weights: Folder of the networks' weight files.
        networks: The networks.
        kinds: Kinds of query.
        every: Each so-manieth query alone is searched for.
        seconds: Time for the timing of each network in seconds.

    Yields:
        After each network the figures so far as plain values, as JSON can hold them.

    Raises:
        InputError: A file is missing or cannot be used.
    """
    sample = draw_sample(read_archive(lfw), SEED)
    options = f" --only {' '.join(network.name for network in networks)} --kinds {' '.join(kinds)}"
    options += f" --every {every}" if every > 1 else ""
    facts: dict[str, Any] = {
        "command": "python -m fdemd.repro.compact --lfw DIR --weights DIR" + options,
        "fit": f"LFW: {len(sample[FIT])} photographs of half of the people",
        "measured on": f"LFW: {len(sample[TEST])} photographs of other people",
        "protocol": LEAVE_TWIN_OUT,
        "seed": SEED,
        "full": FULL,
        "unit": "percent",
        "instructions": list(cpu.INSTRUCTIONS),
        "versions": versions(),
        "networks": [],
    }
    for number, network in enumerate(networks, start=1):
        print(f"step {number}/{len(networks)}: {network.name}", flush=True)
        parts = write_samples(prepared / network.template, sample)
        fitted = _embedded(network, parts[FIT], weights, ("clean",)).gallery()[0]
        data = _embedded(network, parts[TEST], weights, kinds)
        for section in second_stages_of(network):
            facts["networks"].append({"network": network.name, **measure(data, fitted, section, every, seconds)})
        yield {"written": datetime.now(timezone.utc).isoformat(timespec="seconds"), **facts}


def second_stages_of(network: Network) -> list[EmdRerank]:
    """Return the second stages to measure: that of evaluations, and that of galleries where the network has it."""
    stages = [EmdRerank()]
    return [*stages, EmdRerank(patches="projected", weighting="norm", alpha=0.3)] if network.linear else stages


def _embedded(network: Network, manifest: Path, weights: Path, kinds: Sequence[str]) -> EmbeddedData:
    words = ["data=lfw", f"data.manifest={manifest}", *with_folders(network.words, "", str(weights))]
    (point,) = plan("evaluate", [*words, f"query=[{','.join(kinds)}]", f"seed={SEED}"], CONFIG_DIR)
    settings = point.settings
    return describe_data(settings, build_network(settings.model, settings.seed)).embed()


@torch.inference_mode()
def measure(data: EmbeddedData, fitted: Features, section: EmdRerank, every: int, seconds: float) -> dict[str, Any]:
    """Return the figures of one network and second stage.

    Args:
        data: Queries and gallery.
        fitted: Faces that the maps are fitted on.
        section: Settings of the second stage.
        every: As for :func:`measure_networks`.
        seconds: Time for timing in seconds.
    """
    gallery, labels = data.gallery()
    view = patches_for(section.patches, data.backbone, gallery)
    gallery = view(gallery)
    forms = forms_of(view(fitted))
    galleries = {form.name: form.of(gallery) for form in forms}
    rows = []
    for kind in data.features:
        given, query_labels = data.query(kind)
        query, query_labels = view(given[::every]), query_labels[::every]
        truth = GroundTruth(query_labels, data.missed(kind)[::every], labels, LEAVE_TWIN_OUT)
        first = rank_by_cosine(
            query.embedding,
            gallery.embedding,
            query_labels,
            labels,
            protocol=LEAVE_TWIN_OUT,
            depth=max(section.k, truth.most_relevant),
        )
        shortlist, wanted = first.indices[:, : section.k], None
        for form in forms:
            similarity = emd_similarity(
                form.of(query), galleries[form.name], shortlist, weighting=section.weighting
            ).similarity
            wanted = similarity if wanted is None else wanted
            values = truth.values(truth.hits(reorder(first, similarity, section.fixed_alpha)))
            figures = {name: round(100 * float(each.double().mean()), 2) for name, each in values.items()}
            tau = round(kendall_tau(similarity, wanted), 4)
            rows.append({"query": kind, "queries": truth.queries, "form": form.name, **figures, "tau": tau})
    timed = slice(0, _TIMED_QUERIES)
    speeds = _speeds(view(data.query("clean")[0][timed]), galleries, forms, section, seconds)
    grid, channels = gallery.grid, gallery.patches.shape[2]
    return {
        "patches": section.patches,
        "grid": f"{grid[0]}x{grid[1]}x{channels}",
        "weighting": section.weighting,
        "alpha": section.alpha,
        "k": section.k,
        "forms": [_described(form, galleries[form.name], speeds[form.name]) for form in forms],
        "rows": rows,
    }


def forms_of(fitted: Features) -> list[Form]:
    """Return the forms to measure, the full one first: compact ones of every size that leaves channels out, and of all.

    Args:
        fitted: Faces that the maps are fitted on.
    """
    found = [Form(FULL), Form("int8", is_compact=True)]
    for size in SIZES:
        if (patch_map := map_within(fitted, size)) is not None:
            found.append(Form(f"{size // 1024} KiB", is_compact=True, patch_map=patch_map))
    return found


def _described(form: Form, gallery: Features, speeds: Mapping[str, float]) -> dict[str, Any]:
    a_face = gallery[0]
    stored = (a_face.patches, *(() if a_face.scale is None else (a_face.scale,)))
    return {
        "form": form.name,
        "channels": gallery.patches.shape[2],
        "bytes": sum(each.numel() * each.itemsize for each in stored),
        "map_sha256": form.patch_map.sha256 if form.patch_map else "",
        "speed": dict(speeds),
    }


def _speeds(
    query: Features, galleries: Mapping[str, Features], forms: Sequence[Form], section: EmdRerank, seconds: float
) -> dict[str, dict[str, float]]:
    """Return form -> instructions -> speed, as a multiple of that of the full form, of one thread."""
    candidates = torch.arange(section.k).expand(len(query), -1)
    calls = {}
    for instructions in _there():
        for form in forms:
            asked = side_of(form.of(query), section.weighting)
            there = side_of(galleries[form.name][: section.k], section.weighting)
            calls[form.name, instructions] = partial(_solve, asked, there, candidates, section, instructions)
    if not calls:
        return {form.name: {} for form in forms}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    rounds = interleaved(list(calls.values()), seconds)
    torch.set_num_threads(threads)
    times = dict(zip(calls, zip(*rounds, strict=True), strict=True))
    return {
        form.name: {
            instructions: round(
                median(
                    full / own
                    for full, own in zip(times[FULL, instructions], times[form.name, instructions], strict=True)
                ),
                2,
            )
            for instructions in _there()
        }
        for form in forms
    }


def _there() -> Iterator[str]:
    names = dict.fromkeys(name or next(iter(cpu.INSTRUCTIONS), "") for name in INSTRUCTIONS)
    return (name for name in names if name in cpu.INSTRUCTIONS)


def _solve(query: Side, gallery: Side, candidates: Tensor, section: EmdRerank, instructions: str) -> None:
    stop = Converged(section.tolerance)
    cpu.solve(query, gallery, candidates, eps=section.eps, stop=stop, instructions=instructions)
