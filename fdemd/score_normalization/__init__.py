"""Inter-class Discrepancy Alignment (IDA): the cosine of two faces, seen beside what each has in common with strangers.

Only the abstract of arXiv 2103.01559 was available; these formulas are our reading of it. Not to be confused with the
geometry of :mod:`fdemd.faces.alignment`.
"""
