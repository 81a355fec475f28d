from fdemd.bench.timing import interleaved


def test_calls_take_turns_after_one_uncounted_call_each() -> None:
    called: list[str] = []
    rounds = interleaved([lambda: called.append("a"), lambda: called.append("b")], seconds=0)
    assert called == ["a", "b"] * 4
    assert len(rounds) == 3
    assert all(len(times) == 2 and min(times) >= 0 for times in rounds)
