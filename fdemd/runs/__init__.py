"""Runs: a folder of results, loggers, progress."""
