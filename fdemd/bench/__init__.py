"""How fast fdemd is on this machine, beside other implementations of the same thing: ``python -m fdemd.bench``."""
