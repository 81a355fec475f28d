"""Several faces of a person joined into one template: by their mean, or weighted by how sure each is."""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.metrics.uncertainty import template
from fdemd.scoring.mixture import Mixture
from fdemd.tensors.directions import by_power_of_two, unit


def template_accuracy(mixture: Mixture, scale: Tensor, *, size: int, generator: torch.Generator) -> dict[str, float]:
    """Return P@1 in [0, 1] of templates by how faces are joined: ``mean``, by their ``norm``, by their ``scale``.

    Half of each person's photographs (of those with two or more) stay in the gallery. The queries made from the other
    half, of any kind, are put together at random, ``size`` of one person a template; a rest is left.

    Args:
        mixture: Queries and gallery.
        scale: Scales ``(B,)`` of the queries, above 0.
        size: Number of faces of a template.
        generator: Source of the draw.

    Returns:
        Empty if nobody has so many.
    """
    queries, gallery = mixture.queries, mixture.gallery
    enrolled = _half(gallery.labels.source, gallery.labels.identity, generator)
    probes = ~torch.isin(queries.labels.source, gallery.labels.source[enrolled])
    probes &= torch.isin(queries.labels.identity, gallery.labels.identity[enrolled])
    rows = probes.nonzero()[:, 0]
    rows = rows[torch.randperm(len(rows), generator=generator)]
    grouped = [
        group
        for person in queries.labels.identity[rows].unique()
        for group in rows[queries.labels.identity[rows] == person].split(size)
        if len(group) == size
    ]
    if not grouped:
        return {}
    members, group = torch.cat(grouped), torch.arange(len(grouped)).repeat_interleave(size)
    embedding, people = queries.embedding[members], queries.labels.identity[torch.stack(grouped)[:, 0]]
    norm = by_power_of_two(embedding, embedding.abs().amax()).norm(dim=1)
    weights = {"mean": torch.ones(len(members)), "norm": norm, "scale": scale[members].float()}
    faces = unit(gallery.embedding[enrolled], "the gallery's embeddings")
    found = {}
    for name, weight in weights.items():
        nearest = (template(embedding, weight, group, len(grouped)) @ faces.T).argmax(1)
        found[name] = float((gallery.labels.identity[enrolled][nearest] == people).double().mean())
    return found


def _half(source: Tensor, identity: Tensor, generator: torch.Generator) -> Tensor:
    """Boolean ``(G,)``: the faces from half, rounded down, of each person's photographs."""
    chosen = [torch.zeros(0, dtype=torch.long)]
    for person in identity.unique():
        sources = source[identity == person].unique()
        chosen.append(sources[torch.randperm(len(sources), generator=generator)[: len(sources) // 2]])
    return torch.isin(source, torch.cat(chosen))
