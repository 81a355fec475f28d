"""Scripts that run in a process of their own. Nothing else lies here: the folder is the first on their path."""
