"""Studies: many ways to re-rank, judged on the same first stage (``python evaluate.py --rerank experiment=NAME``)."""
