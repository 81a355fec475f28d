"""A shard answers if any of its replicas does, and otherwise there is no answer."""

import threading
import time
from collections.abc import Callable

import pytest

from fdemd.gallery.cluster.asking import Patience, Question, Replicas, ask_all
from fdemd.gallery.refusals import UnavailableError
from tests.gallery.cluster.made_shards import MadeReplica

QUICK = Patience(one=0.05, all=1.0)


class Told:
    """Says its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def rank(self, number: int) -> tuple[str, int]:
        return self.name, number

    def follow(self) -> int:
        return 0

    def fail(self) -> None:
        raise ZeroDivisionError("a mistake")


def pair() -> list[MadeReplica]:
    return [MadeReplica(Told("one")), MadeReplica(Told("two"))]


def ask(replicas: Replicas, patience: Patience = QUICK) -> str:
    ((name, number),) = ask_all([Question(0, replicas, "rank", 7)], patience)
    assert number == 7
    return str(name)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_replicas_take_turns() -> None:
    copies = pair()
    replicas = Replicas(copies)
    assert {ask(replicas) for _ in range(4)} == {"one", "two"}
    assert [copy.asked for copy in copies] == [2, 2]


def test_the_dead_are_passed_over_and_trusted_again_once_they_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdemd.gallery.cluster.asking._BETWEEN_LOOKS", 0.01)
    copies = pair()
    replicas = Replicas(copies)
    copies[0].dead = True
    assert {ask(replicas) for _ in range(6)} == {"two"}
    assert replicas.well == 1 and copies[0].asked == 1, "a dead one is not asked again and again"
    copies[0].dead = False
    until(lambda: replicas.well == 2)
    assert {ask(replicas) for _ in range(4)} == {"one", "two"}
    replicas.close()


def test_the_slow_are_overtaken() -> None:
    copies = pair()
    replicas = Replicas(copies)
    copies[0].seconds = 1.5
    began = time.monotonic()
    assert {ask(replicas, Patience(one=0.05, all=30)) for _ in range(5)} == {"two"}
    assert time.monotonic() - began < 1
    assert replicas.well == 1
    until(lambda: replicas.well == 2)


def test_without_a_replica_of_one_shard_there_is_no_answer() -> None:
    copies = [pair(), pair()]
    questions = [Question(number, Replicas(each), "rank", 7) for number, each in enumerate(copies)]
    for copy in copies[1]:
        copy.dead = True
    with pytest.raises(
        UnavailableError, match="Shard 1 of the gallery does not answer, and there is no answer without"
    ):
        ask_all(questions, Patience(one=0.05, all=0.3))


def test_a_question_waits_for_a_shard_that_comes_back() -> None:
    copies = pair()
    for copy in copies:
        copy.dead = True
    threading.Timer(0.3, lambda: setattr(copies[1], "dead", False)).start()
    replicas = Replicas(copies)
    assert ask(replicas, Patience(one=0.05, all=30)) == "two"
    replicas.close()


def test_a_mistake_is_no_loss() -> None:
    replicas = Replicas(pair())
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        ask_all([Question(0, replicas, "fail")], QUICK)
    assert replicas.well == 2


def test_many_faces_may_take_longer() -> None:
    assert Patience(1, 10).for_faces(0) == Patience(1, 10)
    assert Patience(1, 10).for_faces(40) == Patience(3, 20)
