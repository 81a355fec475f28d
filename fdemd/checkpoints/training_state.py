"""Checkpoints of a training run: whole files of plain values, whatever interrupts their writing."""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import torch
from lightning_fabric.plugins.io import CheckpointIO

from fdemd.checkpoints.sealing import is_sealed, is_whole, seal
from fdemd.errors import InputError
from fdemd.files.user_paths import check_file
from fdemd.files.writing import atomic_write, cannot_write

RUN = "fdemd"
"""Key of a checkpoint under which the fingerprint of the run stands, as plain values."""
_NAMES = re.compile(r"torch \w+Storage|torch\._utils _rebuild_tensor_v2|collections OrderedDict")
"""Everything that the pickle of a checkpoint may call for."""


class PlainCheckpoints(CheckpointIO):
    """Lightning plugin that writes and reads the checkpoints of a run.

    It writes beside the old file, then takes its place, so that a kill leaves one or the other whole; and it reads
    tensors and plain values only. Lightning's own plugin writes to the folder for temporary files, from where a large
    file is copied, not renamed.
    """

    def __init__(self, advice: str = "") -> None:
        """Prepare for writing.

        Args:
            advice: What to do if a file cannot be written, see :func:`fdemd.files.writing.cannot_write`.
        """
        self.advice = advice

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint.

        Args:
            checkpoint: Tensors and plain values.
            path: File to write.
            storage_options: Not used.

        Raises:
            InputError: the disk is full or the folder cannot be written.
        """
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(path, error, self.advice) from error
        with atomic_write(path, self.advice) as file:
            writer = _Writer(file)
            try:
                torch.save(checkpoint, writer)  # type: ignore[arg-type]
            except RuntimeError:
                if writer.failed:
                    raise writer.failed from None
                raise
            seal(Path(file.name), file)

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Callable[..., Any] | None = lambda storage, loc: storage,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Read a checkpoint without running anything in it.

        Args:
            path: File to read.
            map_location: Where tensors go, see :func:`torch.load`.
            weights_only: Not used: nothing but tensors and plain values is ever read.

        Raises:
            InputError: the file is missing, damaged or holds more than tensors and plain values.
        """
        return read_state(Path(path), map_location)

    def remove_checkpoint(self, path: str | Path) -> None:
        """Delete a checkpoint."""
        Path(path).unlink(missing_ok=True)


class _Writer:
    """A file that remembers why writing failed: PyTorch turns a full disk into a RuntimeError that does not say so."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failed: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.failed = error
            raise

    def flush(self) -> None:
        self._file.flush()


def read_state(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint to resume from: not a bit of it has changed since :class:`PlainCheckpoints` wrote it.

    Args:
        path: File to read.
        map_location: Where tensors go, see :func:`torch.load`.

    Raises:
        InputError: as :func:`read_checkpoint`; or it is not sealed, as before checkpoints were.
    """
    check_file(path, "The checkpoint", "give the folder of a run with resume=FOLDER")
    if not is_sealed(path):
        raise InputError(
            f"{path} has no checksum at its end: it is cut short or damaged, or an earlier version of fdemd wrote it. "
            "No run can go on from it; start a new one, from its weights with model.checkpoint=PATH if they are whole."
        )
    return read_checkpoint(path, map_location)


def read_checkpoint(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint, also one of an earlier version, without a checksum at its end.

    Args:
        path: File to read.
        map_location: Where tensors go, see :func:`torch.load`.

    Raises:
        InputError: the file is missing, damaged, no checkpoint of a training run, or holds more than plain values.
    """
    check_file(path, "The checkpoint")
    try:
        if not (is_whole(path) if is_sealed(path) else _fits_its_checksums(path)):
            raise zipfile.BadZipFile("its checksum is wrong")
        _check_names(path)
        checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:  # a damaged pickle can fail in any way: KeyError, EOFError, struct.error, ...
        raise InputError(
            f"{path} cannot be read: it is damaged, or holds more than tensors and plain values."
        ) from error
    if not isinstance(checkpoint, dict) or not {"state_dict", "loops", RUN} <= checkpoint.keys():
        raise InputError(f"{path} is not a checkpoint of train.py; weights alone are given with model.checkpoint=PATH.")
    if not isinstance(checkpoint["state_dict"], dict):
        raise InputError(f"{path} holds no weights by name.")
    return checkpoint


def _fits_its_checksums(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return archive.testzip() is None


def _check_names(path: Path) -> None:
    """Raise ValueError for a pickle that calls for more than tensors, or a part that is larger than its file.

    PyTorch itself would let it make, say, a ``bytearray`` of any size.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if any(member.compress_type or member.file_size > path.stat().st_size for member in members):
            raise ValueError("it is compressed")
        (pickle,) = (member for member in members if member.filename.endswith("/data.pkl"))
        for code, argument, _ in pickletools.genops(archive.read(pickle)):
            if code.name in ("INST", "STACK_GLOBAL") or (code.name == "GLOBAL" and not _NAMES.fullmatch(str(argument))):
                raise ValueError(f"it calls for {argument}")
