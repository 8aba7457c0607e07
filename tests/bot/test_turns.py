from __future__ import annotations

import threading
from contextlib import suppress

from bot.turns import Turns


def test_who_comes_with_the_same_key_waits_and_is_served_in_the_order_of_coming() -> None:
    turns, done = Turns(), []
    begun = [threading.Event() for _ in range(4)]

    def work(number: int) -> None:
        begun[number].set()
        with turns.taking("thread"):
            done.append(number)

    waiting = []
    with turns.taking("thread"):
        for number in range(4):
            waiting.append(threading.Thread(target=work, args=(number,)))
            waiting[-1].start()
            begun[number].wait(60)
            while turns.waiting("thread") < number + 2:  # until it stands in the line
                pass
        assert done == []
    for each in waiting:
        each.join(60)
    assert done == [0, 1, 2, 3]


def test_another_key_does_not_wait() -> None:
    turns = Turns()

    with turns.taking("one thread"), turns.taking("another"):
        assert turns.waiting("another") == 1
    assert turns.waiting("another") == 0


def test_a_turn_that_fails_lets_the_next_one_go_on() -> None:
    turns = Turns()
    for _ in range(2):
        with suppress(ZeroDivisionError), turns.taking("thread"):
            1 / 0  # noqa: B018 # anything that fails
    assert turns.waiting("thread") == 0
