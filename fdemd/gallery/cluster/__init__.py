"""A gallery on many machines: parts of it, called shards, in the memory of Ray actors, each several times."""
