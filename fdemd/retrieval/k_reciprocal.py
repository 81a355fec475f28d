"""k-reciprocal re-ranking: faces that find each other have neighbours in common (Zhong et al., CVPR 2017)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from fdemd.errors import InputError
from fdemd.retrieval.ranking import NOBODY, check_rows, sorted_by_score
from fdemd.retrieval.search import first_places, search_exactly
from fdemd.tensors.checks import check, checked
from fdemd.tensors.directions import unit

_QUERIES_AT_ONCE = 64
_SMALLEST_DISTANCE = 1e-6
"""Divides by no less: in a set of one face many times over, distances are rounding errors."""


class KReciprocal:
    """Similarity 1 - d_J of queries and candidates, d_J the Jaccard distance of their k-reciprocal encodings (Eq. 10).

    The publication encodes all queries and the gallery as one set. A system in use sees one query at a time, so here
    every query joins the gallery on its own: the result is the publication's for a set of one query and the gallery.
    A face that the query may not be compared with is taken out of this set, so that it acts nowhere.

    Faces are compared by d = (2 - 2 cos) / (the largest such distance to any face of the set), as in the published
    code. A query changes the neighbours of few gallery faces; these are put right for it, and only what its candidates
    need is encoded. Memory is that of ``k1`` neighbours a gallery face.

    The publication's final distance ``(1 - lambda) d_J + lambda d`` with lambda 0.3 corresponds to alpha 0.7 in
    :func:`fdemd.retrieval.stage2.reorder`, except that there the cosine itself is mixed in, not divided by the query's
    largest distance.
    """

    @checked(gallery_embeddings="real G D")
    def __init__(self, gallery_embeddings: Tensor, k1: int = 20, k2: int = 6) -> None:
        """Take a gallery.

        Args:
            gallery_embeddings: ``(G, D)``, of any length.
            k1: neighbours that must be reciprocal.
            k2: faces, itself included, whose encodings are averaged (local query expansion, Eq. 11).

        Raises:
            InputError: ``k1`` or ``k2`` below 1, no face, or an embedding that is not finite.
            ValueError: the embeddings are no faces of numbers.
        """
        if k1 < 1 or k2 < 1:
            raise InputError(f"k1 is {k1} and k2 is {k2}; both must be at least 1 (the paper has 20 and 6).")
        if not len(gallery_embeddings):
            raise InputError("The gallery has no faces, so that there are no neighbours to re-rank by.")
        # After the gallery come the query and, with the number -1, nobody; so in the lists of neighbours.
        self._faces = pad(unit(gallery_embeddings, "the gallery's embeddings"), (0, 0, 0, 2))
        self._k1, self._k2 = k1, k2
        self._others = max(k1, k2 - 1)  # listed for each face, besides itself
        self._find_neighbours(spare=1)

    def _find_neighbours(self, spare: int) -> None:
        """Find the neighbours of every gallery face, and some more for those that a query must not see."""
        faces, nearest = self._faces[:-2], self._others + spare
        rows = torch.arange(len(faces), device=faces.device)
        found, cosine = search_exactly(
            faces, faces, nearest, lambda queries, columns: rows[queries, None] == rows[columns]
        )
        missing = (0, nearest - found.shape[1])
        self._found, self._cosine = pad(found, missing, value=NOBODY), pad(cosine, missing, value=-torch.inf)
        nobody = torch.zeros((), dtype=torch.bool, device=faces.device)
        self._farthest, opposite = search_exactly(-faces, faces, 1 + spare, lambda queries, columns: nobody)
        self._lowest = -opposite
        self._spare = spare
        self._lists = found.new_full((len(faces) + 2, self._others + 1), NOBODY)
        self._lists[: len(faces), 0] = rows  # a face is its own first neighbour
        self._lists[: len(faces), 1:] = self._found[:, : self._others]

    def similarity(self, query_embeddings: Tensor, candidates: Tensor, barred: Tensor | None = None) -> Tensor:
        """Return 1 - d_J, to be mixed by :func:`fdemd.retrieval.stage2.reorder`.

        Args:
            query_embeddings: ``(Q, D)``, of any length.
            candidates: ``(Q, k)`` gallery rows, none of them barred; ``NOBODY`` only at the end.
            barred: ``(Q, b)`` gallery rows that each query may not be compared with, filled up with ``NOBODY``, as
                :func:`fdemd.retrieval.protocol.barred_rows` gives them; None if it may be compared with all.

        Returns:
            ``(Q, k)`` float32 in [0, 1], in the order of the candidates; 0 where there is nobody.

        Raises:
            InputError: an embedding that is not finite.
            ValueError: shapes that do not belong together, tensors of another type, or candidates that are not there.
        """
        query_embeddings, _, candidates = check(
            {
                "query_embeddings": (query_embeddings, "real Q D"),
                "the gallery": (self._faces, "float G D"),
                "candidates": (candidates, "whole Q k"),
            }
        )
        barred = candidates[:, :0] if barred is None else barred
        _, barred = check({"candidates": (candidates, "whole Q k"), "barred": (barred, "whole Q b")})
        for rows in (candidates, barred):
            check_rows(rows, len(self._faces) - 2)
        if barred.shape[1] > self._spare:
            self._find_neighbours(barred.shape[1])
        similarity = torch.zeros(candidates.shape, device=candidates.device)
        for start in range(0, len(candidates), _QUERIES_AT_ONCE):
            queries = unit(query_embeddings[start : start + _QUERIES_AT_ONCE], "the queries' embeddings")
            for number, cosine in enumerate(queries @ self._faces[:-2].T, start):
                out = barred[number][barred[number] != NOBODY]
                similarity[number] = self._of_one(queries[number - start], cosine, candidates[number], out)
        return similarity

    def _of_one(self, query: Tensor, cosine: Tensor, candidates: Tensor, barred: Tensor) -> Tensor:
        """Similarity ``(k,)`` of one query, given its cosine to every gallery face ``(G,)``."""
        changed = (cosine > self._cosine[:, self._others - 1]) | torch.isin(self._found[:, : self._others], barred).any(
            1
        )
        changed = changed.nonzero()[:, 0]
        self._join(cosine, changed, barred)
        self._faces[len(cosine)] = query
        expansion = self._lists[pad(candidates, (1, 0), value=len(cosine)), : self._k2]
        rows, place = expansion.unique(return_inverse=True)
        encoding = self._encode(rows, cosine, barred)
        encoding = encoding[:, encoding[place[0]].any(0)]  # elsewhere the query has nothing in common with anyone
        self._lists[changed, 1:] = self._found[changed, : self._others]

        present = (expansion != NOBODY)[..., None]
        encoding = (encoding[place] * present).sum(1) / present.sum(1).clamp_min(1)  # Eq. 11
        common = torch.minimum(encoding[0], encoding[1:]).sum(1)
        return common / (2 - common)  # Eq. 10, as every encoding sums to 1

    def _join(self, cosine: Tensor, changed: Tensor, barred: Tensor) -> None:
        """Put the query into the lists of neighbours that it belongs to, and take the barred faces out."""
        query, others = len(cosine), self._others
        allowed = cosine.index_fill(0, barred, -torch.inf)
        own = first_places(allowed[None], others)[0]
        self._lists[query, 0] = query
        self._lists[query, 1:] = NOBODY
        self._lists[query, 1 : len(own) + 1] = own.masked_fill(allowed[own] == -torch.inf, NOBODY)

        found = pad(self._found[changed], (0, 1), value=query)
        score = torch.cat([self._cosine[changed], cosine[changed, None]], dim=1)
        score = score.masked_fill(torch.isin(found, barred), -torch.inf)
        order = sorted_by_score(score)[:, :others]
        self._lists[changed, 1:] = found.gather(1, order).masked_fill(score.gather(1, order) == -torch.inf, NOBODY)

    def _encode(self, rows: Tensor, cosine: Tensor, barred: Tensor) -> Tensor:
        """Encodings (Eq. 7) of some faces of the set ``(n,)``, over those faces that any of them needs ``(n, m)``."""
        near, reciprocal = self._reciprocal(rows, self._k1)
        members = near[reciprocal].unique()
        near_half, reciprocal_half = self._reciprocal(members, round(self._k1 / 2))
        columns = torch.cat([members, near_half[reciprocal_half]]).unique()
        belongs = torch.zeros(len(rows), len(columns), dtype=torch.bool, device=rows.device)
        row, place = reciprocal.nonzero(as_tuple=True)
        belongs[row, torch.searchsorted(columns, near[row, place])] = True

        # A member brings its own set along if more than two thirds of it are there already (Eq. 5).
        member = torch.searchsorted(members, near[row, place])
        theirs = reciprocal_half[member]
        column = torch.searchsorted(columns, near_half).clamp_max(len(columns) - 1)[member]
        common = (belongs[row[:, None], column] & theirs).sum(1)
        brought = theirs & (3 * common > 2 * theirs.sum(1))[:, None]
        belongs[row[:, None].expand_as(column)[brought], column[brought]] = True

        row, place = belongs.nonzero(as_tuple=True)
        distance = (2 - 2 * (self._faces[rows[row]] * self._faces[columns[place]]).sum(1)).clamp_min(0)
        weight = torch.zeros(belongs.shape, device=rows.device)
        weight[row, place] = torch.exp(-distance / self._largest(rows, cosine, barred)[row])
        return weight / weight.sum(1, keepdim=True).clamp_min(torch.finfo(weight.dtype).tiny)

    def _reciprocal(self, rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """The first ``k`` neighbours of some faces, themselves included, and which of these have them too (Eq. 3)."""
        near = self._lists[rows, : k + 1]
        return near, (self._lists[near, : k + 1] == rows[:, None, None]).any(2) & (near != NOBODY)

    def _largest(self, rows: Tensor, cosine: Tensor, barred: Tensor) -> Tensor:
        """Distance from some faces of the set ``(n,)`` to the one farthest from each."""
        query = len(cosine)
        lowest = self._lowest[rows.clamp(0, query - 1)]
        lowest = lowest.masked_fill(torch.isin(self._farthest[rows.clamp(0, query - 1)], barred), torch.inf).amin(1)
        lowest = torch.minimum(lowest, cosine[rows.clamp(0, query - 1)])
        lowest = lowest.where(rows != query, cosine.index_fill(0, barred, torch.inf).amin())
        return (2 - 2 * lowest).clamp_min(_SMALLEST_DISTANCE)
