"""Covers drawn on aligned faces together with their truth: which pixels no longer show the face."""
