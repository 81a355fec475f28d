"""Figures of merit and how sure they are."""
