"""RESULTS.md, and the fits behind it."""
