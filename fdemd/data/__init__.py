"""Manifests, aligned faces and the one FaceDataModule that training and evaluation share."""
