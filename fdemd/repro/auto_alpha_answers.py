"""What the second stages say of LFW's and the AT&T faces' queries: what the rule of ``alpha=auto`` is fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fdemd.backbones.projection import PROJECTED, RAW
from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.embedding.data import DataDescription, build_network, describe_data
from fdemd.repro.auto_alpha_fit import Shortlists, draw_fitted_people
from fdemd.repro.lfw_networks import NETWORKS, Network, with_folders
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, count_relevant
from fdemd.retrieval.ranking import Ranking
from fdemd.runs.pairs_progress import pairs_progress
from fdemd.scoring.ground_truth import GroundTruth
from fdemd.scoring.study import StudyComparison
from fdemd.settings.checking import check_settings
from fdemd.settings.methods import Method
from fdemd.settings.ranking import EmdRerank

LFW, ATT = "LFW", "AT&T"


@dataclass(frozen=True)
class SecondStage:
    """What one network's patches are compared by.

    Attributes:
        network: Name of the network.
        patches: Kind of patches, raw or projected.
        weighting: How patches are weighted.
        fitted: Whether the rule is fitted on it.
    """

    network: str
    patches: str
    weighting: str
    fitted: bool


SECOND_STAGES = (
    SecondStage("dlib", RAW, "apc", True),
    SecondStage("w600k_mbf", RAW, "apc", True),
    SecondStage("w600k_mbf", PROJECTED, "norm", True),
    SecondStage("w600k_mbf", PROJECTED, "apc", True),
    SecondStage("facenet", RAW, "apc", False),
    SecondStage("facenet", PROJECTED, "norm", False),
    SecondStage("mobilefacenet", RAW, "apc", False),
    SecondStage("mobilefacenet", PROJECTED, "norm", False),
)


@dataclass(frozen=True)
class Answers:
    """One kind of query of one data set, as one second stage sees it.

    Attributes:
        data: Name of the data set, LFW or AT&T.
        stage: The second stage.
        kind: Kind of query.
        shortlists: Shortlists of the ``Q`` queries that have a right answer.
        fitted: Booleans ``(Q,)``: whether the person is one to fit on.
        missed: Number of queries with a right answer of people not fitted on, whose face was not found.
    """

    data: str
    stage: SecondStage
    kind: str
    shortlists: Shortlists
    fitted: Tensor
    missed: int


def networks_needed() -> list[Network]:
    """Return the networks of the second stages, in the order of the results."""
    return [network for network in NETWORKS if any(stage.network == network.name for stage in SECOND_STAGES)]


@dataclass(frozen=True)
class NetworkOnData:
    """One network on one data set; every mistake in its settings is told by now.

    Attributes:
        data: Name of the data set, LFW or AT&T.
        network: Name of the network.
        described: Its faces, not yet read.
    """

    data: str
    network: str
    described: DataDescription


def describe_networks(prepared: Path, weights: Path) -> list[NetworkOnData]:
    """Describe every network that is needed, on either data set.

    Args:
        prepared: Folder of the aligned sets of LFW.
        weights: Folder of the networks' weight files.

    Raises:
        InputError: A file is missing or cannot be used.
    """
    return [
        describe_network(data, network, with_folders([*words, *network.words], str(prepared), str(weights)))
        for network in networks_needed()
        for data, words in ((LFW, network.lfw), (ATT, ("data=orl",)))
    ]


def describe_network(data: str, network: Network, words: Sequence[str]) -> NetworkOnData:
    """Describe a network on the data that a command line chooses.

    Args:
        data: Name of the data set; LFW leaves half of the people to fit on.
        network: The network.
        words: Words of the command line of ``evaluate.py``.

    Raises:
        InputError: A word, a file or the data cannot be used.
    """
    (point,) = plan("evaluate", words, CONFIG_DIR)
    settings = point.settings
    return NetworkOnData(data, network.name, describe_data(settings, build_network(settings.model, settings.seed)))


def collect_answers(point: NetworkOnData, seed: int) -> tuple[list[Answers], dict[str, Any]]:
    """Re-rank each kind of query by each second stage of a network; return the answers and what decided them.

    Args:
        point: Network and data.
        seed: Seed of the draw of people.

    Raises:
        InputError: A face or the cache cannot be used.
    """
    stages = [stage for stage in SECOND_STAGES if stage.network == point.network]
    sections = [check_settings(EmdRerank, {"patches": each.patches, "weighting": each.weighting}) for each in stages]
    methods = [Method(section, section.alpha, section.k) for section in sections]
    embedded = point.described.embed()
    faces = embedded.faces
    people = list(dict.fromkeys(photograph.identity for photograph in faces.manifest.photographs))
    drawn = draw_fitted_people(people, seed) if point.data == LFW else frozenset()
    fitted = torch.tensor([name in drawn for name in people])
    found = []
    with torch.inference_mode(), pairs_progress(None) as on_progress:
        comparison = StudyComparison(
            embedded,
            methods,
            rows=faces.query_rows,
            missed=faces.missed_rows,
            cache=faces.cache,
            on_progress=on_progress,
        )
        for kind in point.described.settings.query:
            ((truth, searched),) = comparison.searches(kind, [LEAVE_TWIN_OUT])
            for stage, method in zip(stages, methods, strict=True):
                similarity = searched.similarity(comparison.stage(method)).values
                found.append(_answers(point.data, stage, kind, truth, searched.first, similarity, fitted))
    facts = {
        "photographs": len(faces.manifest.photographs),
        "people": len(people),
        "people to fit on": len(drawn),
        "data_sha256": faces.faces.digest,
        "weights_sha256": embedded.backbone.weights_sha256,
    }
    return found, facts


def _answers(
    data: str, stage: SecondStage, kind: str, truth: GroundTruth, first: Ranking, similarity: Tensor, fitted: Tensor
) -> Answers:
    k, answerable = similarity.shape[1], truth.relevant > 0
    shortlists = Shortlists(first.scores[:, :k], similarity, truth.hits(first)[:, :k])
    missed = truth.missed[~fitted[truth.missed.identity]]
    return Answers(
        data,
        stage,
        kind,
        shortlists[answerable],
        fitted[truth.query.identity[answerable]],
        int((count_relevant(missed, truth.gallery, truth.protocol) > 0).sum()),
    )
