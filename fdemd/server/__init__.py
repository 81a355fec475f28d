"""A gallery over HTTP: the server, its keys, its limits, and a client for Python."""
