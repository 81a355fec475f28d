"""Features of five queries and thirty faces, and a shortlist, for the tests of re-rankers."""

import torch

from fdemd.features import Features

QUERIES, FACES = 5, 30


def faces(count: int, seed: int) -> Features:
    patches = torch.randn(count, 16, 8, generator=torch.Generator().manual_seed(seed))
    return Features(patches.mean(1), patches, (4, 4))


QUERY, GALLERY = faces(QUERIES, 0), faces(FACES, 1)
SHORTLIST = torch.rand(QUERIES, FACES, generator=torch.Generator().manual_seed(2)).argsort(dim=1)[:, :10]
