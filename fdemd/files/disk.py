"""What an error of the operating system says about a disk. Imports nothing, so that it can be used before all else."""

import errno


def is_full(error: OSError) -> bool:
    """Return whether the disk, or the user's quota on it, is full.

    >>> is_full(OSError(errno.ENOSPC, "No space left on device"))
    True
    """
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
