"""The gallery on LFW: one photograph of each person enrolled, other photographs of them and strangers searched for."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.data.manifest import Manifest
from fdemd.data.manifest_file import read_manifest, write_manifest
from fdemd.embedding.data import EmbeddedData, build_network, describe_data
from fdemd.features import Features
from fdemd.gallery.calibrate import Thresholds
from fdemd.gallery.cohort import read_cohort
from fdemd.gallery.covering import Conditions, conditions_of, covered, worn_by
from fdemd.gallery.database import Database
from fdemd.gallery.enrolment import store
from fdemd.gallery.faces import FaceReader, SeenFace, SeenPhotograph
from fdemd.gallery.gate import COVERED
from fdemd.gallery.index import Index, Snapshot
from fdemd.gallery.occlusions import CLEAN, KINDS, SEEN
from fdemd.gallery.opening import Asked, open_pinned
from fdemd.gallery.pin import Pin
from fdemd.gallery.search import Search, default_rerank
from fdemd.gallery.threshold import Calibration
from fdemd.repro.auto_alpha_fit import draw_fitted_people
from fdemd.repro.gallery_measure import RATES, Searches, ambiguous, at_same_rate, at_threshold, rank_1, templates
from fdemd.repro.lfw_networks import Network, prepared_folder, with_folders
from fdemd.repro.trust_run import SEED as FITTED_SEED
from fdemd.runs.files import versions
from fdemd.runs.steady_progress import steady_progress
from fdemd.tensors.directions import unit
from fdemd.visibility.store import shipped_estimator

DETECTOR = "yunet"
STATED, BLIND = "stated", "of clean strangers"
"""How a threshold is chosen: by what is known to be worn, or as if nothing were; and by what is ``seen``."""
SEED = 1
"""Seed of the queries' covers; thresholds are set with others."""
_AT_ONCE = 250
_SEVERAL = 3
"""Photographs of a person that are enrolled where several are."""


def measure_networks(
    prepared: Path,
    weights: Path,
    networks: Sequence[Network],
    kinds: Sequence[str],
    most: int | None = None,
    every: int = 1,
) -> dict[str, Any]:
    """Measure the gallery with some networks.

    Features are kept in the cache, those of an earlier run are used.

    Args:
        prepared: Folder of LFW's aligned sets.
        weights: Folder of the networks' weight files.
        networks: The networks.
        kinds: Kinds of query, names in :data:`fdemd.gallery.occlusions.KINDS`.
        most: Photographs, at most, that are searched for of each enrolled person; None takes all.
        every: Of these photographs, and of those of all other people, each so-manieth is searched for.

    Returns:
        The figures as plain values, as JSON can hold them.

    Raises:
        InputError: A file is missing or cannot be used.
    """
    found = []
    for number, network in enumerate(networks, start=1):
        print(f"step {number}/{len(networks)}: {network.name}", flush=True)
        manifest = write_roles(prepared_folder(prepared, network.template, DETECTOR), most, every)
        with tempfile.TemporaryDirectory() as temporary:
            database = Database(Path(temporary) / "people.db")
            try:
                found.append({"network": network.name, **_measure(network, manifest, weights, kinds, database)})
            finally:
                database.close()
    searched = "all their others" if most is None else f"at most {most} of their others"
    thinned = f"; of these one in {every}" if every > 1 else ""
    options = f" --only {' '.join(network.name for network in networks)} --kinds {' '.join(kinds)}"
    options += (f" --most {most}" if most else "") + (f" --every {every}" if every > 1 else "")
    return {
        "written": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": "python -m fdemd.repro.gallery --lfw DIR --weights DIR" + options,
        "data": "LFW, deep-funneled: of each person with two photographs or more the first by name is enrolled, "
        f"{searched} and the only photographs of all other people are searched for{thinned}",
        "detector": DETECTOR,
        "seed": SEED,
        "unit": "percent",
        "versions": versions(),
        "networks": found,
    }


def write_roles(folder: Path, most: int | None = None, every: int = 1) -> Path:
    """Write a manifest that says who is enrolled and who is searched for, beside that of a prepared set.

    Args:
        folder: Folder of LFW's faces, aligned by one template.
        most: Photographs, at most, that are searched for of each enrolled person; None takes all.
        every: As for :func:`measure_networks`.

    Returns:
        The manifest.
    """
    whole = read_manifest(folder / "manifest.csv")
    of: dict[str, list[str]] = {}
    for path, name in sorted((each.path, each.identity) for each in whole.photographs):
        of.setdefault(name, []).append(path)
    enrolled = {paths[0] for paths in of.values() if len(paths) > 1}
    mated = [path for paths in of.values() for path in paths[1:][:most]]
    others = [paths[0] for paths in of.values() if len(paths) == 1]
    wanted = {*mated[::every], *others[::every]}
    rows = tuple(
        replace(each, is_query=each.path in wanted, is_gallery=each.path in enrolled) for each in whole.photographs
    )
    write_manifest(Manifest(whole.root, rows), folder / "gallery.csv")
    return folder / "gallery.csv"


def _embedded(network: Network, manifest: Path, weights: Path, kinds: Sequence[str]) -> EmbeddedData:
    words = ["data=lfw", f"data.manifest={manifest}", *with_folders(network.words, "", str(weights))]
    (point,) = plan("evaluate", [*words, f"query=[{','.join(kinds)}]", f"seed={SEED}"], CONFIG_DIR)
    settings = point.settings
    return describe_data(settings, build_network(settings.model, settings.seed)).embed()


def _enrol(data: EmbeddedData, reader: FaceReader, pin: Pin, database: Database) -> None:
    """Enrol the photographs of the manifest that are for the gallery, as they were embedded."""
    rows = data.faces.gallery_rows
    features = reader.kept(data.gallery(rows)[0])
    with steady_progress("Enrolling", len(rows)) as advance:
        for number, row in enumerate(rows.tolist()):
            photograph = data.faces.manifest.photographs[row]
            image = data.faces.faces.face(row).image
            box = (0.0, 0.0, float(image.shape[1]), float(image.shape[0]))
            face = SeenFace(box, image, 0.0, features[number])
            name = hashlib.sha256(photograph.path.encode()).hexdigest()
            store(database, pin, photograph.identity, SeenPhotograph(name, None, name, b"", (face,)), 0, ())
            advance(1)


def _measure(
    network: Network, manifest: Path, weights: Path, kinds: Sequence[str], database: Database
) -> dict[str, Any]:
    data = _embedded(network, manifest, weights, kinds)
    reader, pin = open_pinned(database, Asked(backbone=data.backbone, detector=DETECTOR), None)
    _enrol(data, reader, pin, database)
    snapshot, search = Index(database).current(), Search(database, pin, default_rerank(pin))
    with database.read() as session:
        thresholds = Thresholds(database, search, reader, read_cohort(session, pin))
    calibrations = {kind: thresholds.of(snapshot, kind) for kind in KINDS}
    photographs = data.faces.manifest.photographs
    fitted = draw_fitted_people({each.identity for each in photographs}, FITTED_SEED)
    names = [photographs[row].identity for row in data.faces.query_rows.tolist()]
    others = np.array([name not in fitted for name in names])
    rows, estimator = [], {}
    for kind in kinds:
        searches, conditions = _search(data, kind, names, snapshot, search, reader)
        rows.append(_row(kind, STATED, [kind] * len(searches), searches, calibrations))
        if kind != CLEAN:
            rows.append(_row(kind, BLIND, [CLEAN] * len(searches), searches, calibrations))
        if conditions:
            worn = [worn_by(each) for each, other in zip(conditions, others, strict=True) if other]
            rows.append(_row(kind, SEEN, worn, searches[others], calibrations))
            gate = np.array([covered(each) >= COVERED for each in conditions])[others]
            called = {each: round(100 * worn.count(each) / len(worn), 2) for each in KINDS}
            estimator[kind] = {"called": called, "refused by the gate": round(100 * float(gate.mean()), 2)}
    return {"people": snapshot.size, "rows": rows, "estimator": estimator, "several": _several(data, kinds)}


def _row(
    kind: str, way: str, worn: Sequence[str], searches: Searches, calibrations: Mapping[str, Calibration]
) -> dict[str, Any]:
    """Figures of some searches, each with the threshold of what is worn; everybody was compared with as many people."""
    people = calibrations[CLEAN].people + 1
    spread = {each: calibration.spread for each, calibration in calibrations.items()}
    return {
        "query": kind,
        "threshold": way,
        "mated": int(searches.mated.sum()),
        "non-mated": int((~searches.mated).sum()),
        "rank-1": rank_1(searches),
        "ambiguous": ambiguous(searches, np.array([spread[each] for each in worn])),
        "rates": [at_threshold(searches, _thresholds(calibrations, worn, rate, people), rate) for rate in RATES],
    }


def _thresholds(calibrations: Mapping[str, Calibration], worn: Sequence[str], rate: float, people: int) -> np.ndarray:
    of = {each: calibration.threshold(rate, people) for each, calibration in calibrations.items()}
    return np.array([of[each] for each in worn])


def _search(
    data: EmbeddedData, kind: str, names: Sequence[str], snapshot: Snapshot, search: Search, reader: FaceReader
) -> tuple[Searches, list[Conditions]]:
    """Search for all queries of a kind; the conditions are empty without an estimator."""
    rows = data.faces.query_rows
    estimator = shipped_estimator(data.backbone, data.query(kind, rows[:1])[0])
    first: list[tuple[str, float, float]] = []
    conditions: list[Conditions] = []
    with steady_progress(f"Searching, {kind}", len(rows)) as advance:
        for some in rows.split(_AT_ONCE):
            features = data.query(kind, some)[0]
            for matches in search.people(reader.kept(features), snapshot):
                best, second = matches[:2]
                first.append((snapshot.names[best.person], best.score, best.score - second.score))
            if estimator is not None:
                conditions += conditions_of(estimator, features)
            advance(len(some))
    found, score, lead = zip(*first, strict=True)
    enrolled = set(snapshot.names.values())
    right = np.array([one == other for one, other in zip(found, names, strict=True)])
    mated = np.array([name in enrolled for name in names])
    return Searches(np.array(score), np.array(lead), right, mated), conditions


def _several(data: EmbeddedData, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """Compare ways to score people of whom three photographs are enrolled, by the cosine alone.

    Nothing if it was not for all photographs that features were made.
    """
    photographs = data.faces.manifest.photographs
    asked = set(data.faces.query_rows.tolist())
    there = asked | set(data.faces.gallery_rows.tolist())
    of: dict[str, list[int]] = {}
    for number in sorted(range(len(photographs)), key=lambda number: photographs[number].path):
        of.setdefault(photographs[number].identity, []).append(number)
    enough = sorted(name for name, rows in of.items() if len(rows) > _SEVERAL and there.issuperset(rows[:_SEVERAL]))
    people = {name: number for number, name in enumerate(enough)}
    if len(people) < 2:
        return []
    rows = [row for name in people for row in of[name][:_SEVERAL]]
    enrolled = _unit(data.features[CLEAN].at(torch.tensor(rows)))
    owners = np.repeat(np.arange(len(people)), _SEVERAL)
    wanted = [row for name, found in of.items() for row in (found[_SEVERAL:] if name in people else found[1:] or found)]
    wanted = [row for row in wanted if row in asked]
    truth = np.array([people.get(photographs[row].identity, -1) for row in wanted])
    found = []
    for kind in kinds:
        queries = _unit(data.features[kind].at(torch.tensor(wanted)))
        for way, (first, scores) in templates(enrolled, owners, queries).items():
            searches = Searches(scores[:, 0], scores[:, 0] - scores[:, 1], first == truth, truth >= 0)
            found.append(
                {
                    "query": kind,
                    "score": way,
                    "people": len(people),
                    "mated": int(searches.mated.sum()),
                    "non-mated": int((~searches.mated).sum()),
                    "rank-1": rank_1(searches),
                    "FNIR": {f"{100 * rate:g}": at_same_rate(searches, rate) for rate in RATES},
                }
            )
    return found


def _unit(features: Features) -> np.ndarray:
    return unit(features.embedding, "the embeddings").numpy()
