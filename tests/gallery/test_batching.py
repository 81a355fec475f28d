"""Faces of several threads go through the network together, and come back to their own thread."""

import threading
import time

import numpy as np
import pytest
import torch

from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.gallery.batching import Batching


def faces(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)


class Network:
    """Embeds a face by its colour; 13 cannot be embedded."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, images: np.ndarray) -> Features:
        self.batches.append(len(images))
        self.go_on.wait(30)
        if (images == 13).any():
            raise InputError("13 is no face.")
        numbers = torch.from_numpy(images[:, 0, 0, 0]).float()
        return Features(numbers[:, None], numbers[:, None, None])


def ask(batching: Batching, asked: list[np.ndarray]) -> list[object]:
    """Ask in one thread for each, while the network is kept busy; gives the answers or errors."""
    network: Network = batching._network  # type: ignore[assignment]
    answers: list[object] = [None] * len(asked)

    def work(place: int) -> None:
        try:
            answers[place] = batching(asked[place]).embedding[:, 0].tolist()
        except InputError as error:
            answers[place] = str(error)

    network.go_on.clear()
    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(asked))]
    for thread in threads:
        thread.start()
    while len(network.batches) + len(batching._queue) < len(asked):
        time.sleep(0.001)
    network.go_on.set()
    for thread in threads:
        thread.join()
    return answers


def test_one_alone_is_served_at_once() -> None:
    network = Network()
    assert Batching(network)(faces(3, 4)).embedding[:, 0].tolist() == [3, 4]
    assert network.batches == [2]


def test_those_who_wait_go_together_and_get_their_own() -> None:
    network = Network()
    answers = ask(Batching(network), [faces(number, number + 100) for number in range(1, 9)])
    assert answers == [[number, number + 100] for number in range(1, 9)]
    assert network.batches == [2, 14]


def test_a_batch_takes_no_more_than_it_may() -> None:
    network = Network()
    assert ask(Batching(network, most=4), [faces(number) for number in range(1, 10)]) == [[n] for n in range(1, 10)]
    assert max(network.batches) <= 4 and sum(network.batches) == 9


def test_an_error_is_told_to_whose_face_it_is() -> None:
    answers = ask(Batching(Network()), [faces(1), faces(2), faces(13), faces(4)])
    assert answers == [[1], [2], "13 is no face.", [4]]


def test_whoever_is_interrupted_leaves_the_others_their_turn() -> None:
    class Interrupted(Network):
        def __call__(self, images: np.ndarray) -> Features:
            if len(self.batches) == 1 and not hasattr(self, "done"):
                self.done = True
                raise KeyboardInterrupt
            return super().__call__(images)

    network = Interrupted()
    batching, answers, interrupted = Batching(network), [], []

    def work(number: int) -> None:
        try:
            answers.append(batching(faces(number)).embedding[:, 0].tolist())
        except KeyboardInterrupt:
            interrupted.append(number)

    network.go_on.clear()
    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2, 3, 4)]
    threads[0].start()
    while not network.batches:
        time.sleep(0.001)
    for thread in threads[1:]:
        thread.start()
    while len(batching._queue) < 3:
        time.sleep(0.001)
    network.go_on.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert len(interrupted) == 1 and sorted(answers) == [[n] for n in (1, 2, 3, 4) if n not in interrupted]


@pytest.mark.parametrize("threads", [1, 4])
def test_many_threads_many_times(threads: int) -> None:
    batching, wrong = Batching(Network()), []

    def work(seed: int) -> None:
        for turn in range(50):
            asked = [(seed * 50 + turn) % 13, (seed + turn) % 12]
            if batching(faces(*asked)).embedding[:, 0].tolist() != asked:
                wrong.append(asked)

    running = [threading.Thread(target=work, args=(seed,)) for seed in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert wrong == []
