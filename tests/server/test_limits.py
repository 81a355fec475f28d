"""What a server takes unless it is told otherwise."""

from fdemd.server.limits import Limits


def test_a_photograph_of_a_phone_is_taken_and_a_machine_of_16_gigabytes_not_filled() -> None:
    limits = Limits()
    assert limits.pixels >= 24_000_000 and limits.bytes >= 20 * 2**20
    assert limits.requests * limits.bytes <= 2**30
    assert limits.threads >= 4
