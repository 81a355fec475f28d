"""What an attack wants: not to be found as oneself (dodging), or to be found as somebody else (impersonation).

Either way the embedding is moved with respect to an anchor, the centre of some photographs: away from the person's own
or towards another person's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.tensors.checks import check
from fdemd.tensors.directions import unit

DODGING, IMPERSONATION = "dodging", "impersonation"


@dataclass(frozen=True)
class SourcedFaces:
    """Embeddings of some photographs and where they come from.

    Attributes:
        embedding: Embeddings ``(N, D)``.
        identity: Name of the person on each.
        source: Photograph that each was made from.
    """

    embedding: Tensor
    identity: Sequence[str]
    source: Sequence[str]

    def __post_init__(self) -> None:
        check({"embedding": (self.embedding, "real N D")})
        if not len(self.embedding) == len(self.identity) == len(self.source):
            raise ValueError(f"{len(self.embedding)} embeddings need as many identities and sources.")


def anchors(queries: SourcedFaces, gallery: SourcedFaces, aims: Sequence[str]) -> Tensor:
    """Return the unit vector ``(Q, D)`` that each query is moved from or to: the centre of its aim's photographs.

    A query whose aim is its own person is moved away from that person's *other* photographs in the gallery and from
    itself, for which its embedding in ``queries`` stands. That should be the embedding of its mirror image: the cosine
    of a face to itself is at its maximum, where there is no gradient to begin with.

    Args:
        queries: ``Q`` faces to be attacked.
        gallery: Photographs that they will be looked for in.
        aims: Person for each query: its own, to be dodged, or somebody of the gallery, to be impersonated.

    Raises:
        InputError: An embedding is not finite.
        ValueError: Embeddings are of different sizes, or an aim is nobody of queries and gallery.
    """
    check({"queries": (queries.embedding, "real Q D"), "gallery": (gallery.embedding, "real G D")})
    people = {name: row for row, name in enumerate(dict.fromkeys([*gallery.identity, *queries.identity]))}
    of_photograph = torch.tensor([people[name] for name in gallery.identity], dtype=torch.long)
    if len(aims) != len(queries.identity) or not people.keys() >= set(aims):
        raise ValueError("Each query needs one aim, a person of the gallery or the queries.")
    faces = unit(gallery.embedding, "the gallery's embeddings")
    sums = faces.new_zeros(len(people), faces.shape[1]).index_add_(0, of_photograph.to(faces.device), faces)
    twins: dict[str, list[int]] = {}
    for row, source in enumerate(gallery.source):
        twins.setdefault(source, []).append(row)
    own = unit(queries.embedding, "the queries' embeddings")
    found = own.clone()
    for row, aim in enumerate(aims):
        anchor = sums[people[aim]]
        if aim == queries.identity[row]:
            anchor = anchor - faces[twins.get(queries.source[row], [])].sum(0) + own[row]
        found[row] = anchor
    return unit(found, "the anchors")


def draw_victims(names: Sequence[str], identities: Sequence[str], people: Sequence[str], seed: int) -> list[str]:
    """Draw somebody else for every query, by the seed and its name alone.

    Args:
        names: Paths of the queries' photographs in the manifest.
        identities: Names of the people on them.
        people: Names of the people of the gallery.
        seed: Seed of the run.

    Raises:
        InputError: There is nobody else in the gallery.

    Example:
        >>> draw_victims(["Ann/1.jpg"], ["Ann"], ["Ann", "Bob"], seed=0)
        ['Bob']
    """
    known = sorted(set(people))
    place_of = {person: place for place, person in enumerate(known)}
    found = []
    for name, identity in zip(names, identities, strict=True):
        own = place_of.get(identity, len(known))
        others = len(known) - (own < len(known))
        if not others:
            raise InputError(f"The gallery has nobody but {identity}, so that {name} cannot impersonate anybody.")
        digest = hashlib.sha256(f"{seed}/victim/{name}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") % others
        found.append(known[place + (place >= own)])
    return found
