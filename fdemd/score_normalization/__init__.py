"""Score normalization: the cosine of two faces, seen beside what each has in common with strangers.

Two methods: inter-class discrepancy alignment (IDA, arXiv 2103.01559, of which only the abstract was available: the
formulas are our reading of it) and symmetric score normalization (s-norm) as the baseline. Not to be confused with the
geometric alignment of faces in :mod:`fdemd.faces.alignment`.
"""
