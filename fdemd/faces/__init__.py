"""From an image file to an aligned face: reading, detection, landmarks, alignment, and the kinds of query."""
