"""Tables, files and pictures of a run."""
