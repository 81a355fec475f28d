from types import SimpleNamespace
from typing import cast

import torch

import fdemd.data.evaluated
from fdemd.data.datamodule import FaceDataModule
from fdemd.data.evaluated import evaluated_data


def test_what_is_used_and_what_is_left_out_comes_from_one_module(monkeypatch) -> None:
    monkeypatch.setattr(fdemd.data.evaluated, "left_out_files", lambda manifest, faces: [("a", "unreadable", "b")])
    rows = {"query_rows": torch.arange(2), "missed_rows": torch.arange(1), "gallery_rows": torch.arange(3)}
    faces = SimpleNamespace(manifest="manifest", account="account", faces=SimpleNamespace(digest="d"), **rows)
    data = evaluated_data(cast(FaceDataModule, faces))
    assert (data.digest, data.account, data.left_out) == ("d", "account", (("a", "unreadable", "b"),))
    assert data.gallery_rows is rows["gallery_rows"]
