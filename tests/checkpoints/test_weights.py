import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from fdemd.checkpoints.weights import load_weights, read_weights
from fdemd.errors import InputError
from tests.checkpoints.made_weights import ALONE, equal, network, pickled, refusal, rewrite, save, state

WEIGHTS = Path(__file__).resolve().parents[2] / "../shared/data/weights"


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
