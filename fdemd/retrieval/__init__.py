"""Stage 1, stage 2 and the :class:`~fdemd.retrieval.ranking.Ranking` they produce."""
