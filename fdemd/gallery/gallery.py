"""The gallery: enrol people, and put a name to a photograph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import torch

from fdemd.backbones import Backbone
from fdemd.emd.compact import PatchMap
from fdemd.errors import InputError
from fdemd.features import join_features
from fdemd.gallery import audit, exchange, people
from fdemd.gallery.audit import LoggedChange
from fdemd.gallery.calibrate import Thresholds
from fdemd.gallery.check import Checked, check
from fdemd.gallery.cluster.head import ComparingOnShards
from fdemd.gallery.cluster.opening import open_shards
from fdemd.gallery.cluster.settings import Cluster
from fdemd.gallery.cohort import read_cohort
from fdemd.gallery.comparing import OutdatedError
from fdemd.gallery.covering import worn_by
from fdemd.gallery.database import Database
from fdemd.gallery.enrolment import KNOWN, REFUSED, Enrolment, find_known, judge, store
from fdemd.gallery.evidence import Evidence, evidence_of
from fdemd.gallery.faces import FaceReader, Photo, SeenFace, SeenPhotograph, name_of
from fdemd.gallery.gate import Finding
from fdemd.gallery.identification import Identification, Verification
from fdemd.gallery.identify import decide
from fdemd.gallery.index import Index, Snapshot
from fdemd.gallery.moving import Move, move
from fdemd.gallery.names import check_name
from fdemd.gallery.occlusions import CLEAN, KINDS, SEEN, check_kind
from fdemd.gallery.opening import Asked, network_to_move_to, open_pinned
from fdemd.gallery.people import EnrolledPerson, Removal
from fdemd.gallery.pin import Pin
from fdemd.gallery.refusals import UnavailableError
from fdemd.gallery.search import Match, Search, default_rerank
from fdemd.gallery.threshold import Calibration
from fdemd.settings.checking import check_settings
from fdemd.settings.ranking import EmdRerank
from fdemd.tensors.directions import unit

FPIR = 0.01
"""Rate of strangers who may get a name, where none is asked for."""
_TRIES = 20
"""Times that the shards of a cluster are asked, if the gallery changes before all of them were."""
_Found = TypeVar("_Found")


class Gallery:
    """People and their photographs in a database, and the name of who is on another photograph.

    Several threads may use one, and several processes one database: each sees what any of them enrolled or removed.

    Examples:
        >>> import tempfile, fdemd
        >>> from fdemd.data.sources import orl_manifest
        >>> root = orl_manifest().root
        >>> where = tempfile.mkdtemp() + "/people.db"
        >>> with fdemd.Gallery.open(where, backbone="dlib", detector="dlib") as gallery:
        ...     for person in ("s1", "s2"):
        ...         _ = gallery.enrol(person, [root / person / "2.pgm", root / person / "3.pgm"])
        ...     print([answer.person for answer in gallery.identify(root / "s2" / "5.pgm")])
        ['s2']
    """

    def __init__(
        self,
        database: Database,
        reader: FaceReader,
        pin: Pin,
        rerank: EmdRerank | None,
        comparing: ComparingOnShards | None = None,
    ) -> None:
        """Take the parts; :meth:`open` makes them."""
        self._database, self._reader, self.pin, self._comparing = database, reader, pin, comparing
        self._index = Index(database, embeddings=comparing is None)
        self._search = Search(database, pin, rerank, comparing)
        with database.read() as session:
            cohort = read_cohort(session, pin)
        self._thresholds = Thresholds(database, self._search, reader, cohort)

    @classmethod
    def open(
        cls,
        where: str | Path,
        *,
        backbone: str | Backbone | None = None,
        settings: dict[str, Any] | None = None,
        detector: str | None = None,
        keep: str | None = None,
        patches: str | None = None,
        dtype: str | None = None,
        patch_map: PatchMap | None = None,
        cohort: Sequence[Sequence[Photo]] | None = None,
        rerank: dict[str, Any] | None = None,
        cluster: Cluster | None = None,
        create: bool = True,
    ) -> Gallery:
        """Open a gallery, or make one where there is none.

        A gallery is pinned to its network, weights, alignment and detector when it is made. What is not given here is
        taken from it, or by default when it is made.

        Args:
            where: Path of an SQLite file, or ``postgresql://USER:PASSWORD@HOST/DATABASE``.
            backbone: Network, one of :func:`fdemd.list_backbones` or one of your own; ``sface`` by default.
            settings: Settings of the network, as for :func:`fdemd.create_backbone`.
            detector: Detector of faces, ``yunet`` by default.
            keep: What is kept of photographs: ``path`` (default), also their ``bytes``, or ``none``, in which case no
                picture of an enrolled face is kept either.
            patches: Which patches are kept: ``projected`` (default where the network has them), ``raw`` or ``none``.
            dtype: Precision of patches: ``int8`` for compact ones of at most 8 KiB a face, or ``float16``; by default
                int8 where all channels of the patches fit into that.
            patch_map: Map of compact patches to fewer channels, such as
                :func:`fdemd.emd.compact.fit_patch_map` fits; by default it is fitted on the cohort if one is needed.
                Only when the gallery is made.
            cohort: Photographs of strangers, a list for each of them, that thresholds rest on while few people are
                enrolled; by default 40 people of the AT&T faces. Only when the gallery is made.
            rerank: Settings of the second stage in this process, as ``configs/rerank/emd.yaml`` has them; by default
                ``alpha=0.3, k=20``. ``{"alpha": 0}`` leaves the order to the cosine.
            cluster: The Ray cluster that keeps the faces in memory and searches them, with the same answers; by default
                this process does.
            create: Whether to make a new gallery where there is none.

        Raises:
            InputError: The database cannot be used, the gallery is of another network, or a choice is none.
        """
        asked = Asked(backbone, settings, detector, keep, patches, dtype, patch_map)
        database = Database(where, create=create)
        try:
            reader, pin = open_pinned(database, asked, cohort, create=create)
            second = _second_stage(pin, rerank)
            comparing = None if cluster is None else open_shards(cluster, database, pin, second)
            return cls(database, reader, pin, second, comparing)
        except BaseException:
            database.close()
            raise

    @staticmethod
    def re_embed(
        where: str | Path,
        *,
        backbone: str | Backbone | None = None,
        settings: dict[str, Any] | None = None,
        detector: str | None = None,
        patches: str | None = None,
        dtype: str | None = None,
        drop_missing: bool = False,
    ) -> Move:
        """Move a gallery to another network, detector or patches, from its kept photographs: all or nothing.

        Photographs are read from the database or, if their bytes are still the same, from their files. A move that is
        broken off goes on when it is asked for again. Whoever has the gallery open meanwhile can use it until the move
        is done, and has to open it anew then.

        Args:
            where: As for :meth:`open`.
            backbone: As for :meth:`open`; None leaves the network.
            settings: Settings of the network.
            detector: Detector of faces; None leaves it.
            patches: Which patches are kept; None leaves them or, with another network, takes its best ones.
            dtype: Precision of patches; None leaves it or, with other patches, takes what :meth:`open` does.
            drop_missing: Whether photographs that cannot be moved are removed.

        Returns:
            What was moved, and what cannot be; if there is any and ``drop_missing`` is not given, nothing was.

        Raises:
            InputError: There is no gallery, it keeps nothing of photographs, or it is of this network already.
        """
        database = Database(where, create=False)
        try:
            reader, pin = network_to_move_to(database, Asked(backbone, settings, detector, None, patches, dtype))
            return move(database, reader, pin, drop_missing=drop_missing)
        finally:
            database.close()

    def __enter__(self) -> Gallery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database's connections, and let go of a cluster, whose shards stay."""
        if self._comparing is not None:
            self._comparing.close()
        self._database.close()

    def enrol(
        self,
        person: str,
        photographs: Photo | SeenPhotograph | Sequence[Photo | SeenPhotograph],
        *,
        face: int | None = None,
        force: bool = False,
        fpir: float = FPIR,
    ) -> list[Enrolment]:
        """Enrol photographs of a person, each in a transaction of its own, so that what was told is there.

        Args:
            person: Name; somebody new, or who is enrolled already.
            photographs: A photograph or several: paths, bytes of files, PIL images or arrays ``(H, W, 3)``, or what
                :meth:`find_faces` found on them.
            face: Number of the face on each photograph, from 0, the most prominent first; None lets the gate decide.
            force: Whether photographs are enrolled that the gate would refuse, as far as they show a face.
            fpir: Rate of strangers who may be as much alike as a lookalike.

        Returns:
            What became of each photograph; nothing is left out.

        Raises:
            InputError: The name may not be one. A photograph that cannot be read is refused, not an error.
        """
        name = check_name(person)
        several = [photographs] if isinstance(photographs, Photo | SeenPhotograph) else photographs
        return [self._enrol(name, photograph, face, force, fpir) for photograph in several]

    def identify(
        self, photograph: Photo, *, fpir: float = FPIR, worn: str = SEEN, candidates: int = 5
    ) -> list[Identification]:
        """Say who is on a photograph: an answer for every face, the most prominent first.

        A person is on a photograph at most once; the faces are given to people so that all scores together are best.

        Args:
            photograph: Path of a file, its bytes, a PIL image or an array ``(H, W, 3)``.
            fpir: Rate of strangers who may get a name (false positive identification rate), in (0, 1).
            worn: What everybody on it wears: ``clean`` (nothing), ``mask``, ``sunglass``, or ``crop`` for faces that
                are cut off; each has a threshold of its own, from what strangers score who wear it. ``seen`` chooses
                for each face by what its patches look like, as far as fdemd has an estimator for the network; without
                one it is ``clean``.
            candidates: People that each answer lists at most.

        Raises:
            InputError: The photograph cannot be read, or the rate is too small to be told for this gallery.
        """
        check_kind(worn, SEEN)
        if candidates < 1:
            raise InputError(f"candidates is {candidates}; an answer lists at least 1.")
        seen = self._reader.read(photograph)
        if not seen.faces:
            return []
        together = join_features([face.features for face in seen.faces])
        kinds = [worn_by(face.conditions) if worn == SEEN else worn for face in seen.faces]

        def searched(snapshot: Snapshot) -> tuple[Snapshot, dict[str, Calibration], list[list[Match]]]:
            calibrations = {kind: self._thresholds.of(snapshot, kind) for kind in kinds}
            return snapshot, calibrations, self._search.people(together, snapshot)

        snapshot, calibrations, found = self._as_it_is(searched)
        numbers = [match.photograph for matches in found for match in matches[: 2 * candidates]]
        with self._database.read() as session:
            paths = people.paths_of(session, numbers)
        return decide(seen.faces, found, snapshot, kinds, calibrations, fpir, paths, candidates)

    def explain(self, answer: Identification, candidate: int = 0) -> Evidence:
        """Say what an answer rests on: scores and patches beside the enrolled photograph that is most alike.

        Args:
            answer: What :meth:`identify` said of a face.
            candidate: Place among its candidates.

        Raises:
            InputError: There is no such candidate, the photograph was removed since, or the gallery keeps no patches.
        """
        return evidence_of(answer, candidate, self._database, self._search)

    def verify(self, one: Photo, other: Photo, *, fmr: float = 0.001) -> Verification:
        """Say whether the most prominent faces of two photographs are of one person.

        Args:
            one: A photograph, as for :meth:`identify`.
            other: Another one.
            fmr: Rate of pairs of strangers who may pass (false match rate), in (0, 1).

        Raises:
            InputError: A photograph cannot be read or shows no face.
        """
        faces = [self._only_face(photograph) for photograph in (one, other)]
        embeddings = unit(torch.cat([face.features.embedding for face in faces]), "the embeddings")
        cosine = float(embeddings[0] @ embeddings[1])
        threshold = self._thresholds.pairs.threshold(fmr, 1)
        return Verification(cosine >= threshold, cosine, threshold, self._thresholds.pairs.rate(cosine, 1), fmr)

    def find_faces(self, photograph: Photo) -> SeenPhotograph:
        """Find all faces of a photograph, the most prominent first, with their features; nothing is stored or compared.

        Args:
            photograph: As for :meth:`identify`.

        Raises:
            InputError: It cannot be read. A photograph without a face is no mistake.
        """
        return self._reader.read(photograph)

    def people(self) -> list[EnrolledPerson]:
        """Return everybody who is enrolled, by name, with their photographs."""
        with self._database.read() as session:
            return people.list_people(session)

    def some_people(self, part: str = "", *, after: int = 0, limit: int = 100) -> list[EnrolledPerson]:
        """Return some of the people, in the order of their numbers, for programs that show a page at a time.

        Args:
            part: What their names have in them, in capitals or not.
            after: Number of the last person of the page before.
            limit: How many at most.
        """
        wanted = part.casefold()
        names = self._index.current().names.items()
        numbers = sorted(number for number, name in names if number > after and wanted in name.casefold())
        with self._database.read() as session:
            return sorted(people.list_people(session, numbers[:limit]), key=lambda person: person.number)

    def person(self, who: str | int) -> EnrolledPerson:
        """Return somebody who is enrolled.

        Args:
            who: The name or the number.

        Raises:
            NotThereError: There is no such person.
        """
        with self._database.read() as session:
            return people.list_people(session, [people.number_of(session, who)])[0]

    def person_on(self, photograph: int) -> EnrolledPerson:
        """Return the person whom an enrolled photograph is of.

        Raises:
            NotThereError: There is no photograph of this number.
        """
        with self._database.read() as session:
            return people.list_people(session, [people.person_on(session, photograph)])[0]

    def picture(self, photograph: int) -> bytes:
        """Return the aligned face of an enrolled photograph as a PNG file.

        Raises:
            NotThereError: There is no photograph of this number, or the gallery keeps no pictures.
        """
        with self._database.read() as session:
            return people.picture_of(session, photograph)

    def changes(self, *, before: int | None = None, limit: int = 100) -> list[LoggedChange]:
        """Return the newest entries of the change log, the newest first.

        Args:
            before: Number of the entry that they come before; None for the newest of all.
            limit: How many at most.
        """
        with self._database.read() as session:
            return audit.list_changes(session, before, limit)

    @property
    def database(self) -> Database:
        """Where it lies."""
        return self._database

    @property
    def size(self) -> tuple[int, int]:
        """Number of people and of photographs, as they are now."""
        snapshot = self._index.current()
        return len(snapshot.names), len(snapshot)

    @property
    def replicas(self) -> tuple[int, int] | None:
        """Number of a cluster's replicas that answer, and of all; None without a cluster."""
        return None if self._comparing is None else self._comparing.replicas

    def threshold(self, fpir: float = FPIR, worn: str = CLEAN) -> float:
        """Return the score from which on somebody gets a name.

        Args:
            fpir: Rate of strangers who may.
            worn: As for :meth:`identify`, but not ``seen``.

        Raises:
            InputError: The rate is out of range, or too small to be told for this gallery.
        """
        kind = check_kind(worn)
        return self._as_it_is(
            lambda snapshot: self._thresholds.of(snapshot, kind).threshold(fpir, max(snapshot.size, 1))
        )

    def thresholds(self, fpir: float = FPIR) -> dict[str, float]:
        """Return the scores from which on somebody gets a name, by what is worn, as far as they can be told at once.

        Those of clean faces are measured if need be, others are as they were measured last; :meth:`threshold` measures.

        Args:
            fpir: Rate of strangers who may; of a kind for which it is too small there is none.
        """
        people = max(self._index.current().size, 1)
        found: dict[str, float] = {}
        for kind in KINDS:
            with suppress(InputError):
                if kind == CLEAN:
                    found[kind] = self.threshold(fpir)
                elif (measured := self._thresholds.last(kind)) is not None:
                    found[kind] = measured.threshold(fpir, people)
        return found

    def rename(self, person: str | int, new: str) -> None:
        """Give a person another name.

        Args:
            person: The name or the number.
            new: The new name.

        Raises:
            InputError: There is no such person, or somebody has the new name.
        """
        with self._database.write() as session:
            people.rename_person(session, person, new)
        self._database.forget_the_deleted()

    def merge(self, person: str | int, into: str | int) -> int:
        """Give all photographs of one person to another and remove the first; return how many were given.

        Args:
            person: The name or the number.
            into: That of the other.

        Raises:
            InputError: There is nobody of a name or number, or both are of one.
        """
        with self._database.write() as session:
            moved = people.merge_people(session, person, into)
        self._database.forget_the_deleted()
        return moved

    def remove(self, person: str | int) -> Removal:
        """Remove a person with everything that is known of them.

        Args:
            person: The name or the number.

        Raises:
            InputError: There is no such person.
        """
        with self._database.write() as session:
            count = people.remove_person(session, person)
        return Removal(count, self._database.forget_the_deleted())

    def remove_photograph(self, number: int) -> Removal:
        """Remove one enrolled photograph; the person stays, also without any.

        Args:
            number: Its number, as :meth:`people` and :meth:`identify` tell it.

        Raises:
            InputError: There is no such photograph.
        """
        with self._database.write() as session:
            people.remove_photograph(session, number)
        return Removal(1, self._database.forget_the_deleted())

    def check(self) -> Checked:
        """Check that the gallery is whole and that nothing that was deleted is left."""
        return check(self._database, self.pin, self._index)

    def export(self, folder: str | Path) -> int:
        """Write everybody to a new folder of plain files; return the number of photographs.

        Raises:
            InputError: The folder exists, or cannot be written.
        """
        with self._database.read() as session:
            return exchange.export_to(Path(folder), session, self.pin)

    def import_(self, folder: str | Path) -> tuple[int, int]:
        """Enrol what :meth:`export` wrote, all or nothing; return how many photographs were new and how many known.

        Raises:
            InputError: It is no export, was changed, or is of a gallery of another network.
        """
        with self._database.write() as session:
            return exchange.import_from(Path(folder), session, self.pin, self._database.name)

    def _enrol(
        self, person: str, photograph: Photo | SeenPhotograph, chosen: int | None, force: bool, fpir: float
    ) -> Enrolment:
        names = self._index.current().names.items()
        number = next((number for number, name in names if name == person), None)
        if isinstance(photograph, SeenPhotograph):
            seen = photograph
        else:
            try:
                if number is not None and (known := find_known(self._database, person, photograph)) is not None:
                    return Enrolment(name_of(photograph), KNOWN, (), known)
                seen = self._reader.read(photograph)
            except UnavailableError:
                raise
            except InputError as error:
                return Enrolment(name_of(photograph), REFUSED, (Finding("unreadable", str(error).rstrip("."), True),))
        findings = self._as_it_is(
            lambda snapshot: judge(seen, number, snapshot, self._search, self._thresholds.pairs, fpir, chosen)
        )
        if not 0 <= (chosen or 0) < len(seen.faces) or (any(finding.refuses for finding in findings) and not force):
            return Enrolment(seen.name, REFUSED, tuple(findings))
        return store(self._database, self.pin, person, seen, chosen or 0, findings)

    def _as_it_is(self, work: Callable[[Snapshot], _Found]) -> _Found:
        """Work on the gallery as it is now; anew if it changed before all shards of a cluster were asked.

        Raises:
            UnavailableError: It changes all the time.
        """
        for _ in range(_TRIES):
            with suppress(OutdatedError):
                return work(self._index.current())
        raise UnavailableError(
            f"The gallery {self._database.name} changes faster than its shards can be asked; try again."
        )

    def _only_face(self, photograph: Photo) -> SeenFace:
        seen = self._reader.read(photograph)
        if not seen.faces:
            raise InputError(f"No face was found in the {seen.name}; try another photograph.")
        return seen.faces[0]


def _second_stage(pin: Pin, given: dict[str, Any] | None) -> EmdRerank | None:
    usual = default_rerank(pin)
    if usual is None or given is None:
        return usual
    found: EmdRerank = check_settings(EmdRerank, {**dict(usual), **given})
    found.fixed_alpha  # noqa: B018 # refuses auto: with another alpha for each search no threshold could hold
    return found
