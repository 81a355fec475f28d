"""Weight files and cards that are damaged or made to do harm: a sentence, or exactly the numbers that were saved.

Each is read by a process with bounded memory and time, so that a crash, a hang or a giant is a failure, not the end of
the tests. The process is this file, run as a program.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import resource
import signal
import subprocess
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from fdemd.checkpoints import installed_file, read_card

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
REFUSED = "refused"
_MEMORY = 3 << 30
"""Bytes that reading may take beside what the program has at its start."""
_SECONDS = 60
"""A file of a few kilobytes is read in some thousandths of a second."""


# The reading process


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 4, 3), bn=nn.BatchNorm2d(4)))


def tensors(path: Path) -> bool:
    """Whether a network gets exactly the weights that were saved."""
    from fdemd.checkpoints.weights import load_weights, read_weights

    expected, module = network().state_dict(), network()
    for parameter in module.parameters():
        parameter.data.zero_()
    load_weights(module, read_weights(path), path)
    found = module.state_dict()
    return all(torch.equal(found[key], tensor) for key, tensor in expected.items())


def onnx_network(path: Path) -> bool:
    """Whether a network gives finite numbers; tried in this very process, which may die of it."""
    import fdemd.backbones.onnx as onnx_backbone
    from fdemd.backbones.isolated.onnx_trial import try_counts
    from fdemd.backbones.onnx_trial import Trial, TrialError

    def here(network: bytes, name: str, counts: tuple[int, ...], size: tuple[int, int]) -> Trial:
        try:
            answer = try_counts({"input": name, "counts": counts, "size": size}, network)
        except Exception as error:
            raise TrialError(str(error)) from error
        return Trial(answer["count"], [None if shape is None else tuple(shape) for shape in answer["shapes"]])

    onnx_backbone.try_network = here
    return onnx_alone(path)


def onnx_alone(path: Path) -> bool:
    """Whether a network gives finite numbers or is refused, by the way that everybody takes."""
    from fdemd.backbones import create_backbone

    backbone = create_backbone("onnx", checkpoint=str(path))
    return bool(backbone(torch.rand(2, 3, *backbone.face_size)).embedding.isfinite().all())


def card(path: Path) -> bool:
    """Whether a card's facts are what its reader promises."""
    from fdemd.checkpoints import read_card

    found = read_card(path.stem, path.parent)
    inside = (path.parent / found.file).resolve().is_relative_to(path.parent.resolve())
    return inside and all(isinstance(text, str) for text in (found.name, found.file, found.facts["licence"]))


def described(path: Path) -> bool:
    """Whether a file is the one that the card beside it describes."""
    from fdemd.checkpoints import read_card, weights_file

    return weights_file(read_card("net", path.parent), None) == path


def dlib_layers(path: Path) -> bool:
    """Whether layers of finite sizes are read."""
    from fdemd.backbones.dlib_dat import read_layers

    return len(read_layers(path)) >= 0


READERS = {reader.__name__: reader for reader in (tensors, onnx_network, onnx_alone, card, described, dlib_layers)}


def read_all(reader: Callable[[Path], bool]) -> None:
    """Read the files named on the standard input; a line of JSON on each."""
    from fdemd.errors import InputError

    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + _MEMORY, held + _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process, wherever it hangs
    for line in sys.stdin:
        path = Path(json.loads(line))
        signal.alarm(_SECONDS)
        try:
            outcome = "right" if reader(path) else "wrong"
        except InputError as error:
            outcome = REFUSED if len(str(error)) < 1000 else f"no sentence: {error}"
        except BaseException as error:
            outcome = f"{type(error).__name__}: {error}"
        signal.alarm(0)
        print(json.dumps([str(path), outcome[:300]]), flush=True)


# What is tried


def outcomes(reader: Callable[[Path], bool], paths: Iterable[Path]) -> dict[Path, str]:
    """What became of each file: ``right``, ``refused``, or what went wrong."""
    waiting, found = list(paths), {}
    while waiting:
        done = subprocess.run(
            [sys.executable, __file__, reader.__name__],
            input="".join(json.dumps(str(path)) + "\n" for path in waiting),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            check=False,
        )
        for line in done.stdout.splitlines():
            if line.startswith("["):
                path, outcome = json.loads(line)
                found[Path(path)] = outcome
        waiting = [path for path in waiting if path not in found]
        if waiting:
            found[waiting.pop(0)] = f"the process ended with {done.returncode}: {done.stderr[-300:]}"
    return found


def held(found: dict[Path, str], *good: str) -> int:
    """How many ended well; the others are shown."""
    for path, outcome in found.items():
        if outcome not in good:
            print(f"{path.name}: {outcome}")
    return sum(outcome in good for outcome in found.values())


def mutations(content: bytes, number: int, seed: int) -> Iterator[bytes]:
    """A bit flipped, bytes changed, cut off, cut out, doubled, moved or set to zero."""
    chance = random.Random(seed)
    for _ in range(number):
        at, length = chance.randrange(len(content)), chance.choice([1, 2, 4, 16, 64, len(content) // 4])
        part, new = content[at : at + length], bytearray(content)
        kind = chance.randrange(7)
        if kind == 0:
            new[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            new[at : at + 4] = chance.randbytes(min(4, len(content) - at))
        elif kind == 2:
            del new[at:]
        elif kind == 3:
            del new[at : at + length]
        elif kind == 4:
            new[at:at] = part
        elif kind == 5:
            to = chance.randrange(len(content))
            new[to : to + len(part)] = part
        else:
            new[at : at + length] = bytes(len(part))
        yield bytes(new)


def flips(content: bytes, number: int, seed: int, end: int | None = None) -> Iterator[bytes]:
    """A bit flipped."""
    chance = random.Random(seed)
    for _ in range(number):
        new = bytearray(content)
        new[chance.randrange(end or len(content))] ^= 1 << chance.randrange(8)
        yield bytes(new)


def write(folder: Path, contents: Iterable[bytes], ending: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = []
    for number, content in enumerate(contents):
        paths.append(folder / f"n{number}{ending}")
        paths[-1].write_bytes(content)
    return paths


def saved(path: Path, **settings: Any) -> bytes:
    torch.save(network().state_dict(), path, **settings)
    return path.read_bytes()


def test_mutated_zip_files_of_pytorch(tmp_path: Path, tally: Any) -> None:
    content = saved(tmp_path / "whole.pth")
    found = outcomes(tensors, write(tmp_path / "m", mutations(content, 800, seed=0), ".pth"))
    tally("PyTorch files with bytes changed, cut, doubled, moved", len(found), held(found, "right", REFUSED))


def test_flipped_bits_in_pickles_of_old_pytorch_files(tmp_path: Path, tally: Any) -> None:
    content = saved(tmp_path / "whole.pth", _use_new_zipfile_serialization=False)
    numbers = content.index(network().conv.bias.detach().numpy().tobytes()) - 1000  # about where the pickles end
    found = outcomes(tensors, write(tmp_path / "m", flips(content, 800, seed=1, end=numbers), ".pth"))
    tally("old PyTorch files with a bit flipped before the numbers", len(found), held(found, "right", REFUSED))


def test_mutated_headers_of_safetensors(tmp_path: Path, tally: Any) -> None:
    path = tmp_path / "whole.safetensors"
    save_file(network().state_dict(), path)
    content = path.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    changed = (new + content[header:] for new in mutations(content[:header], 400, seed=2))
    contents = [*changed, *flips(content, 400, seed=3, end=header)]
    found = outcomes(tensors, write(tmp_path / "m", contents, ".safetensors"))
    tally("safetensors files with a changed header", len(found), held(found, "right", REFUSED))


@pytest.mark.parametrize("ending", [".safetensors", ".dat"])
def test_no_bit_flips_unseen_under_a_card(tmp_path: Path, tally: Any, ending: str) -> None:
    path = tmp_path / f"whole{ending}"
    if ending == ".dat":
        path.write_bytes(installed_file(read_card("dlib")).read_bytes())
    else:
        save_file(network().state_dict(), path)
    content, folders = path.read_bytes(), []
    from fdemd.checkpoints import sha256_of

    facts = {"name": "net", "kind": "landmarks", "source": "a test", "file": f"net{ending}", "sha256": sha256_of(path)}
    for number, new in enumerate(flips(content, 40 if ending == ".dat" else 300, seed=4)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "net.yaml").write_text(json.dumps(facts | {"licence": "MIT", "allowed_use": "any"}))
        (folder / f"net{ending}").write_bytes(new)
        folders.append(folder / f"net{ending}")
    found = outcomes(described, folders)
    tally(f"a bit flipped anywhere in a {ending} file with a card", len(found), held(found, REFUSED))


def test_mutated_files_of_dlib(tmp_path: Path, tally: Any) -> None:
    content = installed_file(read_card("dlib")).read_bytes()[:400_000]  # cut short, too
    found = outcomes(dlib_layers, write(tmp_path / "m", mutations(content, 300, seed=5), ".dat"))
    tally("dlib's network with bytes changed, cut, doubled, moved", len(found), held(found, "right", REFUSED))


def test_mutated_cards(tmp_path: Path, tally: Any) -> None:
    content = (ROOT / "checkpoints" / "facenet_vggface2.yaml").read_bytes().replace(b"name: facenet_vggface2\n", b"")
    contents = [*mutations(content, 500, seed=6), *flips(content, 500, seed=7)]
    named = (b"name: n%d\n" % number + content for number, content in enumerate(contents))
    found = outcomes(card, write(tmp_path / "m", named, ".yaml"))
    tally("cards with bytes changed, cut, doubled, moved", len(found), held(found, "right", REFUSED))


def small_onnx(path: Path) -> bytes:
    import onnx

    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    helper, chance = onnx.helper, np.random.default_rng(0)
    weights = {
        "filters": chance.standard_normal((4, 3, 3, 3)),
        "matrix": chance.standard_normal((24, 5)),
        "slope": np.full((4, 1, 1), 0.25),
        **{name: np.full(4, float(name != "none")) for name in ("one", "none", "variance")},
    }
    nodes = [
        helper.make_node("Conv", ["faces", "filters"], ["map"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["map", "one", "none", "none", "variance"], ["normed"]),
        helper.make_node("PRelu", ["normed", "slope"], ["active"]),
        helper.make_node("Flatten", ["active"], ["flat"]),
        helper.make_node("Gemm", ["flat", "matrix"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("faces", 1, ("N", 3, 6, 4))],
        [helper.make_tensor_value_info("embedding", 1, None)],
        [onnx.numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path.read_bytes()


def test_mutated_onnx_files(tmp_path: Path, tally: Any) -> None:
    """A flipped bit of a weight that stays finite shows in the sha256 only; all else is refused or runs."""
    content = small_onnx(tmp_path / "whole.onnx")
    contents = [*mutations(content, 300, seed=8), *flips(content, 300, seed=9)]
    found = outcomes(onnx_network, write(tmp_path / "m", contents, ".onnx"))
    died = [path for path, outcome in found.items() if outcome not in ("right", REFUSED)]
    found |= outcomes(onnx_alone, died)  # where the first run is in a process of its own
    tally("ONNX files with bytes changed, cut, doubled, moved", len(found), held(found, "right", REFUSED))


def with_pickle(path: Path, instructions: bytes, **settings: Any) -> Path:
    """A file of PyTorch with another pickle in it."""
    torch.save({"fc": torch.ones(4)}, path, **settings)
    content = b"\x80\x02" + instructions + b"."
    if settings:
        whole = path.read_bytes()
        start = whole.index(b"\x80\x02}q\x00X\x02")
        path.write_bytes(whole[:start] + content + b"\x80\x02]q\x00." + bytes(100))
        return path
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: archive.read(member) for member in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, old in members.items():
            archive.writestr(name, content if name.endswith("/data.pkl") else old)
    return path


HUGE = b"\x8a\x06" + (1 << 40).to_bytes(6, "little")
TAKERS = (
    *("builtins bytearray", "torch FloatTensor", "torch Tensor", "torch FloatStorage", "torch.cuda FloatTensor"),
    *("torch.storage UntypedStorage", "torch.storage TypedStorage", "torch.sparse FloatTensor", "torch BoolStorage"),
)


def hostile_pickles() -> Iterator[bytes]:
    """Instructions that would take gigabytes, hours or the whole stack of the processor."""
    for taker in TAKERS:
        for call in (b"R", b"\x81"):
            yield b"c" + taker.replace(" ", "\n").encode() + b"\n" + HUGE + b"\x85" + call
    twice = b"q\x00h\x00\x86"
    for rounds in (30, 60, 200, 100_000):
        yield b"}K\x01" + twice * rounds + b"K\x01s"
        yield b"}K\x01" + b"\x85" * rounds + b"K\x01s"
        yield b"ccollections\nOrderedDict\n]K\x01" + twice * rounds + b"K\x01\x86a\x85R"
        yield b"cbuiltins\nset\n]K\x01" + twice * rounds + b"a\x85R"
        yield b"]" * rounds + b"a" * (rounds - 1)
        yield b"}" + b"X\x0a\x00\x00\x00state_dict}" * rounds + b"s" * rounds
    yield b"}q\x00X\x0a\x00\x00\x00state_dicth\x00s"
    yield b"}q\x00(X\x05\x00\x00\x00modelh\x00X\x02\x00\x00\x00fch\x00u"
    yield b"X\xff\xff\xff\xff"
    yield b"r\xff\xff\xff\xff"
    yield b"}r\xff\xff\xff\x7f"
    yield b"K\x01" * 3_000_000
    yield b"(" * 100_000
    yield b"N" * 1000 + b"Q"
    yield b"\x8a\xff" + b"\xff" * 255


@pytest.mark.parametrize("zipped", [True, False])
def test_pickles_made_to_take_the_machine(tmp_path: Path, tally: Any, zipped: bool) -> None:
    settings = {} if zipped else {"_use_new_zipfile_serialization": False}
    paths = [
        with_pickle(tmp_path / f"p{number}.pth", instructions, **settings)
        for number, instructions in enumerate(hostile_pickles())
    ]
    bare = write(tmp_path / "bare", (b"\x80\x02" + each + b"." for each in hostile_pickles()), ".pth")
    found = outcomes(tensors, [*paths, *bare])
    what = "zip files" if zipped else "old files"
    tally(f"pickles that ask for memory, time or depth, in {what} and bare", len(found), held(found, REFUSED))


class Runs:
    def __init__(self, function: str, *arguments: str) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        module, name = self.call[0].split(".")
        return getattr(__import__(module), name), self.call[1]


def test_code_does_not_run(tmp_path: Path, tally: Any) -> None:
    proof, paths = tmp_path / "it ran", []
    for number, content in enumerate([Runs("os.system", f"touch '{proof}'"), Runs("builtins.exec", "1 / 0")]):
        for protocol in range(6):
            paths.append(tmp_path / f"bare {number} {protocol}.pth")
            paths[-1].write_bytes(pickle.dumps({"x": content}, protocol))
        for zipped in (True, False):
            paths.append(tmp_path / f"torch {number} {zipped}.pth")
            torch.save({"x": content}, paths[-1], _use_new_zipfile_serialization=zipped)
    found = outcomes(tensors, paths)
    tally("files that want to run code", len(found), held(found, REFUSED) if not proof.exists() else 0)


if __name__ == "__main__":
    read_all(READERS[sys.argv[1]])
