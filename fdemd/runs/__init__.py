"""What every run has: a folder, loggers, progress, and a record of its results."""
