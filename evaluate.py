"""Rank a gallery of faces for every query, re-rank by Earth Mover's Distance, and report: python evaluate.py --help."""

import sys

from fdemd.jobs.commands import evaluate

if __name__ == "__main__":
    sys.exit(evaluate(program="python evaluate.py"))
