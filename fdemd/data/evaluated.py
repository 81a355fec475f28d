"""What an evaluation used of its data: which rows, what became of all others, and how they are counted."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from fdemd.data.accounting import Account
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.left_out import left_out_files
from fdemd.data.manifest import Manifest


@dataclass(frozen=True)
class EvaluatedData:
    """The photographs of an evaluation, once all faces are aligned.

    Attributes:
        manifest: All photographs.
        digest: sha256 of the aligned faces.
        account: What became of every photograph.
        query_rows: ``(Q,)`` manifest rows of the queries with a face, in the order of the rankings.
        missed_rows: ``(M,)`` manifest rows of the queries whose face was not found.
        gallery_rows: ``(G,)`` manifest rows of the gallery; rankings count them from 0.
        left_out: Files that were not used, and pictures that occur twice: path, problem, reason.
    """

    manifest: Manifest
    digest: str
    account: Account
    query_rows: Tensor
    missed_rows: Tensor
    gallery_rows: Tensor
    left_out: tuple[tuple[str, str, str], ...]


def evaluated_data(faces: FaceDataModule) -> EvaluatedData:
    """Return what is used of the data of a module that is set up."""
    return EvaluatedData(
        manifest=faces.manifest,
        digest=faces.faces.digest,
        account=faces.account,
        query_rows=faces.query_rows,
        missed_rows=faces.missed_rows,
        gallery_rows=faces.gallery_rows,
        left_out=tuple(left_out_files(faces.manifest, faces.faces)),
    )
