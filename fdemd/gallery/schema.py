"""What a gallery keeps, as tables: the single source of truth, from which every process makes its search index."""

from __future__ import annotations

from datetime import datetime, timezone

from sqlalchemy import BigInteger, Double, ForeignKey, Identity, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from fdemd.gallery.acting import whoever_acts

NAME_LENGTH = 200
"""Characters that the name of a person has at most."""
_KEY = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts by itself in columns called INTEGER alone


def utc_now() -> datetime:
    """Return the time, without a time zone, as the tables hold it."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Base(DeclarativeBase):
    """All tables; their names begin alike, so that a PostgreSQL database may hold others beside them."""


class Setting(Base):
    """A fact of the whole gallery, such as the network that it is pinned to, as JSON."""

    __tablename__ = "gallery_setting"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[str]


class Person(Base):
    """Somebody who is enrolled. Numbers are never given twice, also not after a deletion."""

    __tablename__ = "gallery_person"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(_KEY, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    enrolled: Mapped[datetime] = mapped_column(default=utc_now)


class Photograph(Base):
    """An enrolled photograph and the one face on it that is of the person.

    A photograph of several people is enrolled for each of them, with the face that is theirs.

    Attributes:
        sha256: Of the file, by which the same photograph is known again.
        path: Where the file was; None unless the gallery keeps paths or bytes.
        content: The file itself; None unless the gallery keeps bytes.
        left, top, right, bottom: Box of the face in pixels of the photograph.
        sharpness: Variance of the Laplacian of the aligned face, see :mod:`fdemd.gallery.gate`.
        thumbnail: The aligned face as PNG; None if the gallery keeps nothing of photographs.
        embedding: Unit vector, float32, little-endian.
    """

    __tablename__ = "gallery_photograph"
    __table_args__ = (UniqueConstraint("person_id", "sha256"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(_KEY, Identity(), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("gallery_person.id", ondelete="CASCADE"), index=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    enrolled: Mapped[datetime] = mapped_column(default=utc_now)
    left: Mapped[float] = mapped_column(Double)
    top: Mapped[float] = mapped_column(Double)
    right: Mapped[float] = mapped_column(Double)
    bottom: Mapped[float] = mapped_column(Double)
    sharpness: Mapped[float] = mapped_column(Double)
    embedding: Mapped[bytes] = mapped_column(LargeBinary)  # before what is long, so that SQLite reads no further
    path: Mapped[str | None]
    thumbnail: Mapped[bytes | None] = mapped_column(LargeBinary)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)


class Patches(Base):
    """The grid of patches of an enrolled face, in a table of its own: long, and read for few faces a search."""

    __tablename__ = "gallery_patches"

    photograph_id: Mapped[int] = mapped_column(
        ForeignKey("gallery_photograph.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    rows: Mapped[int]
    columns: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Moved(Base):
    """An enrolled face as another network sees it, set aside while the gallery is moved to it.

    Attributes: as those of :class:`Photograph` and :class:`Patches`.
    """

    __tablename__ = "gallery_moved"

    photograph_id: Mapped[int] = mapped_column(
        ForeignKey("gallery_photograph.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    left: Mapped[float] = mapped_column(Double)
    top: Mapped[float] = mapped_column(Double)
    right: Mapped[float] = mapped_column(Double)
    bottom: Mapped[float] = mapped_column(Double)
    sharpness: Mapped[float] = mapped_column(Double)
    embedding: Mapped[bytes] = mapped_column(LargeBinary)
    thumbnail: Mapped[bytes] = mapped_column(LargeBinary)
    rows: Mapped[int]
    columns: Mapped[int]
    patches: Mapped[bytes] = mapped_column(LargeBinary)


class CohortFace(Base):
    """A face of a stranger, without a name, that thresholds are set with while few people are enrolled.

    Attributes:
        person: Number of the stranger; faces of one have the same.
        image: The aligned face as PNG, on which occlusions are drawn.
    """

    __tablename__ = "gallery_cohort"

    id: Mapped[int] = mapped_column(_KEY, Identity(), primary_key=True)
    person: Mapped[int]
    embedding: Mapped[bytes] = mapped_column(LargeBinary)
    rows: Mapped[int]
    columns: Mapped[int]
    patches: Mapped[bytes] = mapped_column(LargeBinary)
    image: Mapped[bytes] = mapped_column(LargeBinary)


class KeptCalibration(Base):
    """Scores that strangers reached, see :mod:`fdemd.gallery.calibrate`; whose they are stands nowhere.

    Attributes:
        kind: What the strangers wore.
        scale: What makes the scores, see :func:`fdemd.gallery.kept_calibrations.scale_of`.
        people: Number of people in the gallery when they were measured.
        compared: Number of people that each stranger was compared with.
        scores: In rising order, float64, little-endian.
    """

    __tablename__ = "gallery_calibration"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    scale: Mapped[str] = mapped_column(String(64), primary_key=True)
    people: Mapped[int]
    compared: Mapped[int]
    scores: Mapped[bytes] = mapped_column(LargeBinary)


class Change(Base):
    """What changed, by numbers alone, so that a name which was deleted stands nowhere.

    Numbers rise in the order of commits, see :meth:`fdemd.gallery.database.Database.write`: a reader that has seen one
    has seen all before it.

    Attributes:
        action: ``enrolled``, ``removed``, ``renamed``, ``merged``, or ``moved`` if the whole gallery was moved to
            another network; that is of person 0, whom nobody is.
        actor: Name of the key by which a server was asked for it; None for the command line and for Python.
        photograph_id: The one photograph that it is about; None for the whole person.
    """

    __tablename__ = "gallery_change"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(_KEY, Identity(), primary_key=True)
    made: Mapped[datetime] = mapped_column(default=utc_now)
    action: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str | None] = mapped_column(String(NAME_LENGTH), default=whoever_acts)
    person_id: Mapped[int] = mapped_column(_KEY)
    photograph_id: Mapped[int | None] = mapped_column(_KEY)


class Key(Base):
    """A key by which a program may ask a server of the gallery.

    Attributes:
        role: What it may do, a name in :data:`fdemd.server.keys.ROLES`.
        digest: SHA-256 of the key, which itself is kept nowhere, see :mod:`fdemd.server.keys`.
    """

    __tablename__ = "gallery_key"

    name: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    made: Mapped[datetime] = mapped_column(default=utc_now)
