"""Times are in UTC, as the tables hold them."""

from datetime import datetime, timezone

from fdemd.gallery.schema import utc_now


def test_the_time_is_that_of_greenwich() -> None:
    now = utc_now()
    assert now.tzinfo is None
    assert abs((now.replace(tzinfo=timezone.utc) - datetime.now(timezone.utc)).total_seconds()) < 5
