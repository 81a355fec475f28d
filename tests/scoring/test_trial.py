"""What one seed gave: files without a face are listed once, in letters that every table can show."""

from fdemd.scoring.trial import Trial


def test_a_file_that_several_networks_leave_out_is_listed_once() -> None:
    trial = Trial(seed=0)
    trial.leave_out([("a.jpg", "no face found", "none"), ("b.jpg", "unreadable", "cut off")])
    trial.leave_out([("b.jpg", "unreadable", "cut off"), ("a.jpg", "unreadable", "cut off")])
    assert trial.left_out == [
        ("a.jpg", "no face found", "none"),
        ("b.jpg", "unreadable", "cut off"),
        ("a.jpg", "unreadable", "cut off"),
    ]


def test_names_are_harmless_in_a_table_and_known_again() -> None:
    """A spreadsheet computes cells that begin with =, and a terminal obeys control characters."""
    trial = Trial(seed=0)
    for _ in range(2):
        trial.leave_out([("=SUM(A1).jpg", "unreadable", "\x1b[2J")])
    ((path, _, reason),) = trial.left_out
    assert not path.startswith("=")
    assert "\x1b" not in reason


def test_trials_share_nothing() -> None:
    one, other = Trial(seed=0), Trial(seed=1)
    one.leave_out([("a.jpg", "no face found", "none")])
    one.checkpoints["plain"] = "last.ckpt"
    assert (other.left_out, other.checkpoints) == ([], {})
