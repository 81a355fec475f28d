"""Checks of tensors, and directions that every finite vector has."""
