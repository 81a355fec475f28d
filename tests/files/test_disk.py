import errno
import os

import pytest

from fdemd.files.disk import is_full


@pytest.mark.parametrize(
    ("number", "full"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, False), (errno.EIO, False)]
)
def test_a_disk_and_a_quota_can_be_full(number: int, full: bool) -> None:
    assert is_full(OSError(number, os.strerror(number))) == full
