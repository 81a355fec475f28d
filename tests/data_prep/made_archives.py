"""The content of folders and archives."""

from data_prep.containers import Container

FILES = {"set/Ann/1.jpg": b"first", "set/Bob/2.jpg": b"second" * 1000}


def content(container: Container) -> dict[str, bytes]:
    return {member.path: container.read(member.key, member.size) for member in container.listing().members}
