import pytest
import torch

from fdemd.errors import InputError
from fdemd.visibility.calibration import weights_of
from tests.visibility.made_features import MeanNet, made_calibration

GOLDEN = [0.4808, 0.4668, 0.4469]
"""Of random weights and of colours that rise evenly."""


def test_each_query_gets_the_mean_of_its_conditions_alphas() -> None:
    net = MeanNet()
    made = made_calibration(net)
    faces = net(torch.rand(9, 3, 8, 8))
    expected = made.estimator(faces).condition @ made.alphas
    torch.testing.assert_close(made.alphas_of(faces), expected)


def test_golden_alphas() -> None:
    net = MeanNet()
    faces = net(torch.linspace(0, 1, 3 * 3 * 64).reshape(3, 3, 8, 8))
    found = made_calibration(net).alphas_of(faces)
    torch.testing.assert_close(found, torch.tensor(GOLDEN), atol=1e-4, rtol=0)


def test_it_tells_itself_in_words() -> None:
    made = made_calibration(MeanNet())
    assert made.in_words == "clean 0, below 0.7, above 0.6, cut 1, turned 0.5, blurred 0.25, other 0.5"


def test_weights_are_known_by_their_file_or_by_their_numbers() -> None:
    net = MeanNet()
    assert weights_of(net) == net.fingerprint() != weights_of(MeanNet(seed=1))
    net.weights_sha256 = "ab12"
    assert weights_of(net) == "ab12"


def test_a_setting_that_one_of_two_stages_lacks_is_told() -> None:
    made = made_calibration(MeanNet())
    sentence = r"with method=emd weighting=apc .*, and this one has method=k_reciprocal k1=20"
    with pytest.raises(InputError, match=sentence):
        made.check_second_stage({"method": "k_reciprocal", "k1": 20}, "The calibration")
