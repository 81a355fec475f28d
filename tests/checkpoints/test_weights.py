import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from fdemd.checkpoints.weights import load_weights, read_weights
from fdemd.errors import InputError

WEIGHTS = Path(__file__).resolve().parents[2] / "../shared/data/weights"


def network() -> nn.Sequential:
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 4, 3), bn=nn.BatchNorm2d(4)))


def state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return dict(network().state_dict())


def equal(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    return found.keys() == expected.keys() and all(
        found[key].dtype == tensor.dtype and torch.equal(found[key], tensor) for key, tensor in expected.items()
    )


def save(weights: Any, path: Path) -> Path:
    if path.suffix == ".safetensors":
        save_file(weights, path)
    else:
        torch.save(weights, path)
    return path


def refusal(path: Path) -> str:
    """The sentence with which a file is refused, the file's path cut off."""
    with pytest.raises(InputError) as error:
        read_weights(path)
    assert str(path) in str(error.value)
    return str(error.value).replace(str(path), "FILE")


@pytest.mark.parametrize("name", ["a.safetensors", "a.pth"])
def test_both_formats_give_what_was_saved(tmp_path: Path, name: str) -> None:
    assert equal(read_weights(save(state(), tmp_path / name)), state())


def test_the_content_decides_the_format_not_the_ending(tmp_path: Path) -> None:
    save(state(), tmp_path / "a.safetensors").rename(tmp_path / "a.pth")
    assert equal(read_weights(tmp_path / "a.pth"), state())


def test_pytorch_files_from_before_version_1_6(tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert equal(read_weights(tmp_path / "old.pth"), state())


@pytest.mark.parametrize("wrapper", ["state_dict", "net_state_dict", "model_state_dict", "model"])
def test_tensors_are_found_in_their_wrapper(tmp_path: Path, wrapper: str) -> None:
    path = save({"epoch": 3, wrapper: state(), "optimizer": {"lr": 0.1}}, tmp_path / "a.ckpt")
    assert equal(read_weights(path), state())


def test_a_key_called_as_a_wrapper_is_not_taken_for_one(tmp_path: Path) -> None:
    weights = {"model": torch.ones(2)}
    assert equal(read_weights(save(weights, tmp_path / "a.pth")), weights)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.pth") == "The weight file FILE cannot be read: No such file or directory."
    assert refusal(tmp_path) == "The weight file FILE cannot be read: Is a directory."


@pytest.mark.parametrize(("name", "kind"), [("a.safetensors", "safetensors"), ("a.pth", "PyTorch")])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.99])
def test_truncated_file(tmp_path: Path, name: str, kind: str, part: float) -> None:
    path = save(state(), tmp_path / name)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    sentence = refusal(path)
    assert sentence.startswith(f"FILE is not a whole {kind} weight file: it is cut short, damaged or of another kind (")
    assert sentence.endswith("). Fetch or copy it again.")


def test_file_that_is_something_else(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    for content in (b"", b"<!DOCTYPE html><p>Too many users have downloaded this file", pickle.dumps([1, 2])):
        path.write_bytes(content)
        assert "FILE is not a whole PyTorch weight file" in refusal(path)
        assert "weights_only" not in refusal(path)  # PyTorch's own advice is to load it without the restriction


def test_bit_flipped_in_a_weight_of_a_pytorch_file(tmp_path: Path) -> None:
    weights = state()
    path = save(weights, tmp_path / "a.pth")
    flip(path, at=path.read_bytes().index(weights["conv.weight"].numpy().tobytes()) + 5)
    torch.load(path, weights_only=True)  # PyTorch itself lets it pass
    assert refusal(path) == (
        "FILE is not a whole PyTorch weight file: it is cut short, damaged or of another kind "
        "(the checksum of a/data/0 inside it is wrong). Fetch or copy it again."
    )


def test_no_bit_of_a_pytorch_file_can_flip_and_change_a_weight(tmp_path: Path) -> None:
    weights = {"fc.weight": torch.linspace(0, 1, 20)}
    path = save(weights, tmp_path / "a.pth")
    content = path.read_bytes()
    refused = 0
    for at in range(len(content)):
        flip(path, at, bit=at % 8)
        try:
            assert equal(read_weights(path), weights), f"byte {at}"
        except InputError:
            refused += 1
        path.write_bytes(content)
    assert refused > len(content) / 3


def test_bit_flipped_in_the_mark_of_a_folder(tmp_path: Path) -> None:
    """PyTorch would then give tensors of memory that was never written."""
    path = save(state(), tmp_path / "a.pth")
    entry = path.read_bytes().rindex(b"a/data/0")
    flip(path, at=entry - 46 + 38, bit=4)
    assert "(a/data/0 inside it is marked as a folder)" in refusal(path)


def test_bit_flipped_in_the_header_of_safetensors(tmp_path: Path) -> None:
    path = save(state(), tmp_path / "a.safetensors")
    flip(path, at=path.read_bytes().index(b'"dtype"'))
    assert "FILE is not a whole safetensors weight file" in refusal(path)


def flip(path: Path, at: int, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


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


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([torch.ones(2)], "FILE holds no dictionary of tensors but an object of type list."),
        (
            {"fc": torch.ones(2), "epoch": 3},
            "FILE holds no dictionary of tensors: the value of 'epoch' is of type int.",
        ),
        ({"state_dict": {}}, "FILE holds no tensors at all."),
    ],
)
def test_what_is_not_a_dictionary_of_tensors(tmp_path: Path, content: object, sentence: str) -> None:
    assert refusal(save(content, tmp_path / "a.pth")) == sentence


ALONE = (
    "Open it with the program that wrote it, outside fdemd, and save the tensors alone: "
    "torch.save(model.state_dict(), 'weights.pth')."
)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    "tensor",
    [
        torch.eye(2).to_sparse(),
        torch.sparse_coo_tensor([[0], [0]], [1.0], (2**40, 2**20)),
        torch.sparse_csr_tensor([0, 1], [0], [1.0], (1, 2**60)),
        torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8),
        torch.empty(2**40, device="meta"),
    ],
    ids=["sparse", "giant", "rows", "nested", "quantised", "meta"],
)
def test_tensors_that_are_not_plain_numbers(tmp_path: Path, tensor: Tensor, zipped: bool) -> None:
    path = tmp_path / "a.pth"
    torch.save({"fc": tensor}, path, _use_new_zipfile_serialization=zipped)
    assert refusal(path) == (
        f"FILE is refused: it holds tensors that are not plain numbers: sparse, nested, quantised or empty. {ALONE}"
    )


@pytest.mark.parametrize("name", ["a.safetensors", "a.pth"])
@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64, torch.uint32])
def test_types_that_are_not_computed_with(tmp_path: Path, name: str, dtype: torch.dtype) -> None:
    path = save({"fc": torch.ones(2).to(dtype)}, tmp_path / name)
    assert refusal(path) == (
        f"FILE holds numbers of type {str(dtype).removeprefix('torch.')} in fc, which are not computed with here; "
        "convert them to float16, bfloat16 or float32."
    )


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


def rewrite(path: Path, change: Callable[[bytes], bytes], method: int = zipfile.ZIP_STORED) -> None:
    """Write a zip file anew, its checksums right, with its pickle changed."""
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: archive.read(member) for member in archive.infolist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, change(content) if name.endswith("/data.pkl") else content)


def pickled(path: Path, instructions: bytes) -> Path:
    """A file whose pickle consists of these instructions."""
    save({"fc": torch.ones(4)}, path)
    rewrite(path, lambda _: b"\x80\x02" + instructions + b".")
    return path


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


@pytest.mark.parametrize("name", ["DATA.PKL", "data.Pkl"])
def test_the_pickle_is_found_by_any_case_as_pytorch_finds_it(tmp_path: Path, name: str) -> None:
    path = pickled(tmp_path / "a.pth", b"ctorch\nFloatTensor\n\x8a\x06\x00\x00\x00\x00\x00\x01\x85R")
    rename(path, "data.pkl", name)
    assert "it calls for torch.FloatTensor, which can" in refusal(path)


def test_a_program_is_found_by_any_case(tmp_path: Path) -> None:
    path = save(state(), tmp_path / "a.pth")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("a/CONSTANTS.pkl", b"")
    assert "it is a TorchScript program" in refusal(path)


def rename(path: Path, old: str, new: str) -> None:
    """Call a member of a zip file otherwise."""
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: archive.read(member) for member in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace(old, new), content)


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


def test_what_two_zip_readers_would_read_differently(tmp_path: Path) -> None:
    path = save(state(), tmp_path / "a.pth")
    whole = path.read_bytes()
    rewrite(path, lambda content: content, zipfile.ZIP_DEFLATED)
    assert "its members are packed, which those of torch.save are not" in refusal(path)
    path.write_bytes(whole)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("a/data/0", b"other")
    assert "it holds two members of one name" in refusal(path)
    path.write_bytes(whole[:4] + whole)
    assert "it does not begin with its first member" in refusal(path)


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"\x08\x06\x12\x07pytorch", "is an ONNX network, not weights for this model; use it with model=onnx."),
        (
            b"\x01\x01\x01\x0dloss_metric_2",
            "is a network of dlib's, not weights for this model; use it with model=dlib.",
        ),
    ],
)
def test_files_of_other_models_are_named(tmp_path: Path, content: bytes, advice: str) -> None:
    path = tmp_path / "a.pth"
    path.write_bytes(content * 10)
    assert refusal(path) == f"FILE {advice}"


@pytest.mark.parametrize("name", ["a.safetensors", "a.pth"])
@pytest.mark.parametrize(("value", "called"), [(float("nan"), "NaN"), (float("-inf"), "Inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_nan_and_inf_are_named(tmp_path: Path, name: str, value: float, called: str, dtype: torch.dtype) -> None:
    weights = state()
    weights["bn.weight"] = weights["bn.weight"].to(dtype)
    weights["bn.weight"][2] = value
    sentence = f"FILE holds {called} in bn.weight; take another copy or an earlier epoch."
    assert refusal(save(weights, tmp_path / name)) == sentence


def mismatch(weights: dict[str, Tensor], **settings: list[str]) -> str:
    module = network()
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    with pytest.raises(InputError) as error:
        load_weights(module, weights, Path("some.pth"), **settings)
    assert equal(dict(module.state_dict()), before)
    return str(error.value)


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "_orig_mod.module."])
def test_prefixes_are_taken_off(prefix: str) -> None:
    module, weights = network(), state()
    load_weights(module, {prefix + key: tensor for key, tensor in weights.items()}, Path("some.pth"))
    assert equal(dict(module.state_dict()), weights)


def test_a_prefix_that_belongs_to_the_network_stays() -> None:
    module = nn.ModuleDict({"module": nn.Linear(2, 2)})
    weights = {key: torch.ones_like(tensor) for key, tensor in module.state_dict().items()}
    assert all(key.startswith("module.") for key in weights)
    load_weights(module, weights, Path("some.pth"))
    assert equal(dict(module.state_dict()), weights)


def test_a_key_with_and_without_prefix_is_refused() -> None:
    weights = {**state(), "module.conv.bias": torch.zeros(4)}
    assert mismatch(weights) == "some.pth holds conv.bias twice, with and without a prefix such as 'module.'."


def test_float16_weights_are_cast() -> None:
    module, halves = network(), {key: tensor.half() for key, tensor in state().items()}
    load_weights(module, halves, Path("some.pth"))
    loaded = module.state_dict()
    assert loaded["bn.num_batches_tracked"].dtype == torch.int64
    assert loaded["conv.weight"].dtype == torch.float32
    assert torch.equal(loaded["conv.weight"], halves["conv.weight"].float())


def test_integers_are_no_weights() -> None:
    weights = {**state(), "conv.bias": torch.ones(4, dtype=torch.int8)}
    assert "not of the right shape or type: conv.bias (expected 4, found 4 of int8)" in mismatch(weights)


def test_wrong_architecture_is_told_with_names_and_shapes() -> None:
    other = nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 8, 3), fc1=nn.Linear(2, 2), fc2=nn.Linear(2, 2)))
    assert mismatch(dict(other.state_dict())) == (
        "The weights in some.pth are not those of Sequential: "
        "missing: bn.weight, bn.bias, bn.running_mean and 1 more; "
        "unexpected: fc1.weight, fc1.bias, fc2.weight and 1 more; "
        "not of the right shape or type: conv.weight (expected 4x3x3x3, found 8x3x3x3), "
        "conv.bias (expected 4, found 8). "
        "Choose the model that they were trained with, or another file."
    )


def test_a_part_of_the_weights_is_not_enough() -> None:
    weights = state()
    del weights["conv.bias"]
    assert "missing: conv.bias." in mismatch(weights)


def test_keys_declared_unused_may_be_in_the_file() -> None:
    weights = {**state(), "logits.weight": torch.ones(2, 2)}
    assert "unexpected: logits.weight" in mismatch(weights)
    assert "unexpected: logits.weight" in mismatch(weights, unused=["logit_scale."])
    load_weights(network(), weights, Path("some.pth"), unused=["logits."])


def test_files_from_before_batches_were_counted() -> None:
    weights = state()
    del weights["bn.num_batches_tracked"]
    load_weights(network(), weights, Path("some.pth"))


@pytest.mark.parametrize(
    ("name", "tensors"),
    [
        ("mobilefacenet_foamliu.pt", 307),
        ("mobilefacenet_xiaoccer_068.ckpt", 333),
        ("facenet_20180402-114759_vggface2_fp16.safetensors", 714),
    ],
)
def test_published_files_are_read(name: str, tensors: int) -> None:
    if not WEIGHTS.is_dir():
        pytest.skip(f"no published weights in {WEIGHTS}")
    assert len(read_weights(WEIGHTS / name)) == tensors
