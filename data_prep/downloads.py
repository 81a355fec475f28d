"""A set in folders and archives, read by its layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from data_prep.containers import Container, Member
from data_prep.layouts import Layout, Photo
from data_prep.names import person_name, safe_name, unique_names
from data_prep.opening import open_container
from data_prep.sources import Item, Source, Unused
from fdemd.data.names import warn_of_spellings
from fdemd.data.tree import is_image
from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError
from fdemd.files.hidden import HIDDEN, is_hidden
from fdemd.files.text import to_printable


@dataclass(frozen=True)
class Download(Source):
    """Photographs in folders and archives; an item's key is the number of its container, a colon and the key there."""

    containers: tuple[Container, ...] = ()

    def read(self, item: Item) -> bytes:
        """Return the encoded picture, see :meth:`data_prep.sources.Source.read`."""
        number, _, key = item.key.partition(":")
        return self.containers[int(number)].read(key, item.size)


def open_download(paths: Sequence[Path], work: Path, layout: Layout) -> Download:
    """List the photographs of a downloaded set.

    Args:
        paths: Any number of archives, folders and list files.
        work: Folder for archives that must be decompressed.
        layout: Layout of the set.

    Raises:
        InputError: Nothing of the set is there, or an archive cannot be used.
    """
    containers = tuple(open_container(path, work) for path in paths)
    found = _Found(layout)
    for number, container in enumerate(containers):
        members, refused = container.listing()
        found.unused += refused
        images = (member.path for member in members if is_image(member.path) and not is_hidden(member.path))
        shared = _around_people(images) if layout.free_form else ""
        for member in sorted(members):
            found.take(member, number, container, member.path.removeprefix(shared))
    if not found.photos:
        named = ", ".join(map(str, paths))
        first = (
            f" ({to_printable(found.unused[0].name)}: {to_printable(found.unused[0].reason)})" if found.unused else ""
        )
        wanted = "lies in a folder of a person" if layout.free_form else "is named like a photograph of this set"
        raise InputError(
            f"{named}: none of the {len(found.unused)} files in it {wanted}{first}; docs/data.md shows what is "
            "expected."
        )
    items = _items(found)
    warn_of_spellings(sorted({photo.identity for _, photo in found.photos}), ", ".join(map(str, paths)))
    lists = sorted(found.lists.items())
    return Download(
        tuple(_named(item, found.people) for item in items),
        tuple(sorted(found.unused)),
        lists=dict(
            zip(unique_names([name for name, _ in lists], ""), (content for _, (_, content) in lists), strict=True)
        ),
        official=layout.official,
        containers=containers,
    )


class _Found:
    """The files of the containers, by their purpose."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.photos: list[tuple[Member, Photo]] = []
        self.lists: dict[str, tuple[str, bytes]] = {}
        self.people: list[str] = []
        self.unused: list[Unused] = []

    def take(self, member: Member, number: int, container: Container, path: str) -> None:
        """Add a file; ``path`` is the part of its path that the layout describes."""
        name = PurePosixPath(path).name
        if is_hidden(member.path):
            self.unused.append(Unused(member.path, HIDDEN))
        elif match := self.layout.lists.search(path):
            self._take_list(match["name"], member.path, _content(container, member))
        elif self.layout.people and name == self.layout.people:
            self.people = _content(container, member).decode("utf-8", "replace").split("\n")
        elif not is_image(path):
            self.unused.append(Unused(member.path, "not an image by its name"))
        elif not (photo := self.layout.read(path)):
            self.unused.append(Unused(member.path, "its name is not one of a photograph of this set"))
        elif not person_name(photo.identity):
            self.unused.append(Unused(member.path, "the name of its person is blank"))
        else:
            self.photos.append((member._replace(key=f"{number}:{member.key}"), photo))

    def _take_list(self, name: str, path: str, content: bytes) -> None:
        """Keep an official list; of several that differ, the last one."""
        before, old = self.lists.get(name, (path, content))
        if old != content:
            self.unused.append(Unused(before, f"{path} takes its place"))
        self.lists[name] = path, content


def _content(container: Container, member: Member) -> bytes:
    try:
        return container.read(member.key, member.size)
    except UnreadableImageError as error:
        raise InputError(f"The list {member.path} in {container.path} cannot be used: {error}.") from error


def _around_people(paths: Iterable[str]) -> str:
    """Return the folders around the folders of people that all paths begin with, with a slash at the end.

    >>> _around_people(["faces/set/Ann/1.jpg", "faces/set/Bob/1.jpg"])
    'faces/set/'
    """
    folders = [path.split("/")[:-1] for path in paths]
    depth = 0
    while folders and all(len(parts) > depth + 1 and parts[depth] == folders[0][depth] for parts in folders):
        depth += 1
    return "".join(f"{part}/" for part in folders[0][:depth]) if folders else ""


def _items(found: _Found) -> list[Item]:
    """Return one item a photograph, sorted by name; photographs as taken come before copies that somebody aligned.

    In a layout of free form every file is a photograph, and those that differ in their ending only keep it.
    """
    photos = found.photos
    if found.layout.free_form:
        times = Counter(photo.name for _, photo in photos)
        photos = [
            (member, photo._replace(name=photo.name + PurePosixPath(member.path).suffix))
            if times[photo.name] > 1
            else (member, photo)
            for member, photo in photos
        ]
    chosen: dict[str, list[tuple[Member, Photo]]] = {}
    for member, photo in sorted(photos, key=lambda entry: (_is_aligned_copy(entry[0].path), entry[0].path)):
        same = chosen.setdefault(photo.name, [])
        # Two downloads, and even one archive, may have two files of one name, which of free form are two photographs.
        if not same or found.layout.free_form:
            same.append((member, photo))
        elif member.path == same[0][0].path:
            found.unused.append(Unused(member.path, "a second file of this name"))
        else:
            found.unused.append(Unused(member.path, f"another file of the photograph {same[0][0].path}"))
    kept = [entry for _, same in sorted(chosen.items()) for entry in same]
    items = [
        Item(
            name,
            person_name(photo.identity),
            member.key,
            member.size,
            split=found.layout.split,
            source=photo.source and safe_name(photo.source),
            is_query=photo.is_query,
            is_gallery=photo.is_gallery,
            file=member.path,
        )
        for name, (member, photo) in zip(unique_names([photo.name for _, photo in kept]), kept, strict=True)
    ]
    return sorted(items, key=lambda item: item.name)


def _is_aligned_copy(path: str) -> bool:
    return any("aligned" in folder.lower() for folder in path.split("/")[:-1])


def _named(item: Item, people: Sequence[str]) -> Item:
    """Return an item with the name of the person instead of a number, if the list of the set has one."""
    number = int(item.identity) if people and item.identity.isdigit() else 0
    name = people[number - 1].strip() if 0 < number <= len(people) else ""
    return replace(item, identity=person_name(f"{item.identity} {name}")) if name else item
