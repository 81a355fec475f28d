"""From the words of a command line to the settings of a job, and from its end to an exit status."""
