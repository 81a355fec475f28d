"""Pickles that ask for code, memory or time are refused before PyTorch reads them."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from fdemd.checkpoints.weights import read_weights
from tests.checkpoints.made_weights import ALONE, equal, pickled, refusal, rewrite, save, state


class MakesAFile:
    """Unpickled, it runs a command."""

    def __init__(self, path: Path) -> None:
        self.command = f"touch '{path}'"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_named_and_does_not_run(tmp_path: Path, zipped: bool) -> None:
    path, proof = tmp_path / "a.pth", tmp_path / "it ran"
    torch.save({**state(), "x": MakesAFile(proof)}, path, _use_new_zipfile_serialization=zipped)
    assert refusal(path) == (
        f"FILE is refused because reading it would run code: it calls for {os.name}.system, and only plain tensors are "
        "loaded. If you trust the file, open it with the program that wrote it, outside fdemd, and save the tensors "
        "alone: torch.save(model.state_dict(), 'weights.pth')."
    )
    assert not proof.exists()
    torch.load(path, weights_only=False)
    assert proof.exists()  # so the file could have run it


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_code_in_a_bare_pickle_does_not_run(tmp_path: Path, protocol: int) -> None:
    path, proof = tmp_path / "a.pth", tmp_path / "it ran"
    path.write_bytes(pickle.dumps({"x": MakesAFile(proof)}, protocol))
    refusal(path)
    assert not proof.exists()


def test_a_pickled_module_is_refused(tmp_path: Path) -> None:
    assert "it calls for torch.nn.modules.linear.Linear" in refusal(save(nn.Linear(2, 2), tmp_path / "a.pth"))


def itself(key: str) -> dict[str, object]:
    """A dictionary that holds itself under a key."""
    held: dict[str, object] = {"fc": torch.ones(2)}
    held[key] = held
    return held


def test_a_dictionary_that_contains_itself_ends(tmp_path: Path) -> None:
    path = save(itself("state_dict"), tmp_path / "a.pth")
    assert refusal(path) == "FILE holds dictionaries within dictionaries without end, and no tensors."
    path = save(itself("fc2"), tmp_path / "b.pth")
    assert refusal(path) == "FILE holds no dictionary of tensors: the value of 'fc2' is of type dict."


@pytest.mark.parametrize("zipped", [True, False])
def test_a_tensor_that_repeats_a_small_storage_is_bounded(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "a.pth"
    torch.save({"fc": torch.ones(1).expand(2**20)}, path, _use_new_zipfile_serialization=zipped)
    assert read_weights(path)["fc"].shape == (2**20,)
    torch.save({"fc": torch.ones(1).expand(2**17, 2**17)}, path, _use_new_zipfile_serialization=zipped)
    assert "FILE is refused: a tensor of 131072x131072 numbers repeats those of a small storage" in refusal(path)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        # A shape of (4,) becomes (250,): PyTorch makes the storage larger, and gives memory that nobody wrote.
        (b"K\x04\x85", b"K\xfa\x85", "a tensor of 250 numbers does not fit its storage"),
        # So does its storage: beyond the end of what the file has for it.
        (b"K\x04tq", b"K\xfatq", "one of its storages should hold 1,000 bytes and has 16"),
    ],
)
def test_tensors_larger_than_what_is_in_the_file(tmp_path: Path, old: bytes, new: bytes, problem: str) -> None:
    path = save({"fc": torch.ones(4)}, tmp_path / "a.pth")
    rewrite(path, lambda pickled: pickled.replace(old, new, 1))
    assert refusal(path) == f"FILE is refused: {problem}. {ALONE}"


@pytest.mark.parametrize(
    ("instructions", "problem"),
    [
        (b"cbuiltins\nbytearray\n\x8a\x06\x00\x00\x00\x00\x00\x01\x85R", "calls for builtins.bytearray, which can"),
        (b"ctorch\nFloatTensor\n\x8a\x06\x00\x00\x00\x00\x00\x01\x85R", "calls for torch.FloatTensor, which can"),
        (b"ctorch\nTensor\n\x8a\x06\x00\x00\x00\x00\x00\x01\x85\x81", "calls for torch.Tensor, which can"),
        (
            b"ctorch.storage\nUntypedStorage\n\x8a\x06\x00\x00\x00\x00\x00\x01\x85R",
            "calls for torch.storage.UntypedStorage, which can",
        ),
        (
            b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch\nFloatTensor\nNM@\x9c\x85}tR",
            "calls for torch.FloatTensor, which can",
        ),
        (b"c__builtin__\nbytearray\n\x8a\x06\x00\x00\x00\x00\x00\x01\x85R", "calls for builtins.bytearray, which can"),
        (
            b"c_codecs\nencode\nX\x02\x00\x00\x00abX\x03\x00\x00\x00hex\x86R",
            "it encodes a text otherwise than in latin1, which can",
        ),
        (b"c_codecs\nencode\n]X\x02\x00\x00\x00abaX\x03\x00\x00\x00hexaR", "it encodes a text otherwise"),
        # A key whose hash is that of 2 ** 60 tuples, and one that is nested deeper than the stack of the processor.
        (b"}K\x01" + b"q\x00h\x00\x86" * 60 + b"K\x01s", "it holds a tuple of tuples without end"),
        (b"}" + b"K\x01" + b"\x85" * 300_000 + b"K\x01s", "it holds a tuple of tuples without end"),
        (b"}" + b"K\x01K\x02s" * 700_000, "its pickle has more than 2,000,000 instructions"),
    ],
    ids=["bytes", "tensor", "new", "storage", "by type", "Python 2", "hex", "in a list", "doubled", "deep", "long"],
)
def test_pickles_that_ask_for_memory_or_time(tmp_path: Path, instructions: bytes, problem: str) -> None:
    sentence = refusal(pickled(tmp_path / "a.pth", instructions))
    assert sentence.startswith("FILE is refused: ")
    assert problem in sentence
    assert sentence.endswith(ALONE)


STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"


TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + b"K\x00K\x04\x85K\x01\x85\x89NtR"


PARAMETER = b"ctorch._utils\n_rebuild_parameter\n(" + TENSOR + b"\x89NtR"


LARGER = b"(" + STORAGE + b"K\x00J\xff\xff\xff\x7f\x85K\x01\x85t"


@pytest.mark.parametrize("instance", [TENSOR, PARAMETER, STORAGE], ids=["tensor", "parameter", "storage"])
@pytest.mark.parametrize("state", [LARGER, b"]" + LARGER + b"a", b"}"], ids=["tuple", "list", "dictionary"])
def test_a_tensor_is_not_changed_once_made(tmp_path: Path, instance: bytes, state: bytes) -> None:
    """PyTorch would give it another place in its storage, and make the storage as large as it says."""
    path = pickled(tmp_path / "a.pth", b"}X\x02\x00\x00\x00fc" + instance + b"s")
    if instance is not STORAGE:
        assert read_weights(path)["fc"].tolist() == [1, 1, 1, 1]
    pickled(path, b"}X\x02\x00\x00\x00fc" + instance + state + b"bs")
    assert refusal(path) == (
        f"FILE is refused: it changes a tensor once made, as PyTorch before version 0.4 did. {ALONE}"
    )


@pytest.mark.parametrize(
    "beside",
    [tuple(map(str, range(3000))), (tuple(range(3000)), "names"), {tuple(range(1500)): 1}, b"bytes", {1, 2}, 2j],
    ids=["names", "names in a tuple", "key", "bytes", "set", "complex"],
)
def test_what_training_programs_save_beside_the_tensors(tmp_path: Path, beside: object) -> None:
    path = save({"state_dict": state(), "beside": beside}, tmp_path / "a.ckpt")
    assert equal(read_weights(path), state())


def test_a_long_tuple_is_not_hashed_without_end(tmp_path: Path) -> None:
    instructions = b"(" + b"K\x01" * 100_000 + b"tq\x00}" + b"h\x00K\x01s" * 100
    assert "it holds a tuple of tuples without end" in refusal(pickled(tmp_path / "a.pth", instructions))


def test_a_view_of_a_storage_that_tells_no_size(tmp_path: Path) -> None:
    """Of the old format: a tuple of its key, its offset and its size, of which the last is missing."""
    path = tmp_path / "old.pth"
    weights = {"fc": torch.ones(4)}
    torch.save(weights, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    assert content.count(b"K\x04Nt") == 1
    path.write_bytes(content.replace(b"K\x04Nt", b"K\x04)t"))
    assert "not a whole PyTorch weight file" in refusal(path)
    assert "not iterable" not in refusal(path)  # of ours: nothing that the file says
