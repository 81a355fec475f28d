"""What the system says of a disk, before anything of ours is imported."""

import errno


def is_full(error: OSError) -> bool:
    """Whether the disk, or a person's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
