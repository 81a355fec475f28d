import logging
import warnings

from fdemd.runs.quiet import quiet_lightning


def test_tips_are_hidden_and_other_warnings_stay() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        quiet_lightning()
        warnings.warn("The 'test_dataloader' does not have many workers which may be a bottleneck.", stacklevel=1)
        warnings.warn("The loss is not finite.", stacklevel=1)
    assert [str(each.message) for each in heard] == ["The loss is not finite."]
    assert not logging.getLogger("pytorch_lightning").isEnabledFor(logging.INFO)
    assert logging.getLogger("pytorch_lightning").isEnabledFor(logging.WARNING)
