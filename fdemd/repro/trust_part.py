"""Photographs that calibrations are made and measured with, as one network sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fdemd.cli.command_line import CONFIG_DIR, plan
from fdemd.data.dataset import FaceDataset
from fdemd.embedding.covers import CoveredFaces
from fdemd.embedding.data import DataDescription, EmbeddedData, build_network, describe_data
from fdemd.embedding.steps import embed_sets
from fdemd.jobs.calibrate import calibrate_photographs, cover_photographs, search_photographs
from fdemd.repro.lfw_networks import Network, with_folders
from fdemd.scoring.covered_search import CoveredSearch
from fdemd.settings.ranking import EmdRerank
from fdemd.visibility.calibration import Calibration
from fdemd.visibility.covers.maker import CoverMaker
from fdemd.visibility.estimator import VisibilityEstimator

SEED = 0
"""Seed of the halves of people, of the covers that estimators are fitted on, and of the queries."""
COVERS_SEED = 1
"""Seed of the covers that estimators are judged on."""


@dataclass(frozen=True)
class Part:
    """Some photographs, embedded by a network.

    Attributes:
        network: The network.
        described: Settings, and what they describe.
        data: Queries and gallery.
    """

    network: Network
    described: DataDescription
    data: EmbeddedData

    @classmethod
    def of(cls, network: Network, words: Sequence[str], weights: Path, kinds: Sequence[str]) -> Part:
        """Embed the photographs that some words of the command line name.

        Args:
            network: The network.
            words: The words.
            weights: Folder of the weight files.
            kinds: Kinds of query.

        Raises:
            InputError: A file or the data cannot be used.
        """
        given = [*words, *with_folders(network.words, "", str(weights)), f"query=[{','.join(kinds)}]", f"seed={SEED}"]
        (point,) = plan("evaluate", given, CONFIG_DIR)
        settings = point.settings
        described = describe_data(settings, build_network(settings.model, settings.seed))
        return cls(network, described, described.embed())

    def with_covers(self, kinds: Sequence[str]) -> Part:
        """Return the same with queries of further kinds, those covers that are no kind of query.

        Args:
            kinds: Names in :data:`fdemd.visibility.covers.draw.COVERS`.
        """
        faces, settings = self.data.faces, self.described.settings
        sets = {kind: FaceDataset(faces.faces, faces.manifest, faces.query_rows, cover_maker(kind)) for kind in kinds}
        embedded = embed_sets(settings, self.data.backbone, sets, self.described.trainer)
        return replace(self, data=replace(self.data, features={**self.data.features, **embedded}))

    def covered(self) -> CoveredFaces:
        """Return the gallery's photographs with the covers of a calibration."""
        return cover_photographs(self.described, self.data, self.data.faces.gallery_rows)

    def searched(self, faces: CoveredFaces) -> CoveredSearch:
        """Let photographs with covers search the gallery.

        Args:
            faces: The photographs, as :meth:`covered` gives them.
        """
        return search_photographs(self.data, faces, EmdRerank())

    def calibrated(self, searched: CoveredSearch, estimator: VisibilityEstimator | None = None) -> Calibration:
        """Return the calibration of photographs of the gallery.

        Args:
            searched: Those photographs, as :meth:`searched` gives them, or some of them.
            estimator: The one to take, as ``fdemd calibrate`` takes what came with fdemd; None fits one.
        """
        found = calibrate_photographs(self.described, self.data, searched, EmdRerank(), self.network.name, estimator)
        return found.calibration


def cover_maker(kind: str) -> CoverMaker:
    """Return what draws covers of one kind for estimators to be judged on.

    Args:
        kind: A name in :data:`fdemd.visibility.covers.draw.COVERS`.
    """
    return CoverMaker((kind,), seed=COVERS_SEED)
