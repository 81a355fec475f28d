"""Finetune a face network, with masks, and validate it on people it never saw: python train.py --help."""

import sys

from fdemd.jobs.commands import train

if __name__ == "__main__":
    sys.exit(train(program="python train.py"))
