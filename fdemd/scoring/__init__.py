"""From features and labels to outcomes: closed set, open set, pairs and studies. No file, no image, no network."""
