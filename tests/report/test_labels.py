import pytest

from fdemd.report.labels import model_label, patches_label, run_title
from fdemd.settings.checking import check_settings
from fdemd.settings.faces import OrlData
from fdemd.settings.networks import DlibNetwork, MobileFaceNetNetwork, Network, TimmNetwork


@pytest.mark.parametrize(
    ("network", "label"),
    [
        (DlibNetwork(backbone="dlib"), "dlib"),
        (MobileFaceNetNetwork(backbone="mobilefacenet", variant="xiaoccer"), "mobilefacenet-xiaoccer"),
        (TimmNetwork(backbone="timm", name="resnet10t"), "timm-resnet10t"),
    ],
)
def test_a_network_is_called_by_what_tells_it_from_its_kin(network: Network, label: str) -> None:
    assert model_label(network) == label


def test_a_run_is_called_by_its_network_and_data() -> None:
    common = {"detector": "dlib", "batch_size": 1, "num_workers": 0, "cache": None, "root": None}
    data = check_settings(OrlData, {"name": "orl", **common})
    assert run_title(DlibNetwork(backbone="dlib"), data) == "dlib on orl"


def test_rounded_patches_are_told() -> None:
    assert patches_label((8, 4), "float32") == "8x4 patches"
    assert patches_label((8, 4), "float16") == "8x4 patches in float16"
