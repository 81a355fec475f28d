"""Image file -> aligned face: reading, landmarks, alignment, occlusion."""
