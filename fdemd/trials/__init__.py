"""Several seeds, each with its own people to train on and to test: finetuning, re-ranking, and what to reject."""
