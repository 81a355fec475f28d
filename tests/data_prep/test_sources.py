from data_prep.sources import Item


def test_a_photograph_is_shown_under_the_name_that_it_was_downloaded_with() -> None:
    assert Item("Ann/1", "Ann", "key", 3, file="set/Ann/1.JPG").shown == "set/Ann/1.JPG"
    assert Item("record 7", "Ann", "key", 3).shown == "record 7"
