"""The callbacks that every training has."""

from collections.abc import Callable

from fdemd.runs.loggers import RunLog
from tests.runs.conftest import column


def test_each_group_has_its_learning_rate_logged(train: Callable[..., RunLog]) -> None:
    log = train()
    assert column(log, "lr-SGD/weights") == column(log, "lr-SGD/biases") == [0.1] * 8


def test_no_logger_is_no_mistake(train: Callable[..., RunLog]) -> None:
    assert {path.name for path in train(kind="none").folder.iterdir()} == {"inputs.png"}
