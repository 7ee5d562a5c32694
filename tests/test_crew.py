"""A few at once: what hangs holds up nobody, and what fails is told where it is awaited."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from canon_sweep.bounded import OverdueError, awaited
from canon_sweep.crew import AT_ONCE, set_to_work
from canon_sweep.errors import HostFault


def test_each_has_its_own_answer() -> None:
    """In the order of the questions, however many there are."""
    answers = set_to_work([partial(int, text) for text in map(str, range(5 * AT_ONCE))])

    assert [awaited(answer, 20) for answer in answers] == list(range(5 * AT_ONCE))


def test_what_fails_is_raised_where_it_is_awaited() -> None:
    """And hides no other."""
    bad, good = set_to_work([partial(int, "x"), partial(int, "1")])

    assert awaited(good, 20) == 1
    with pytest.raises(ValueError, match="invalid literal"):
        awaited(bad, 20)


def test_one_that_hangs_holds_up_no_other() -> None:
    """As long as not all of those who ask hang."""
    over = threading.Event()
    questions: list[Callable[[], bool]] = [over.wait]
    questions += [partial(bool, number) for number in range(3 * AT_ONCE)]
    hung, *rest = set_to_work(questions)

    assert len([awaited(answer, 20) for answer in rest]) == 3 * AT_ONCE
    with pytest.raises(OverdueError):
        awaited(hung, 0.01)
    over.set()
    assert awaited(hung, 20) is True


def test_nobody_is_asked_where_there_is_no_question() -> None:
    """A fleet without servers."""
    assert set_to_work([]) == []


def test_few_threads_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that has hardly any left makes it slower; one that has none is told."""
    start, left = threading.Thread.start, [2]

    def start_one(thread: threading.Thread) -> None:
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    answers = set_to_work([partial(int, "1")] * 3 * AT_ONCE)

    assert [awaited(answer, 20) for answer in answers] == [1] * 3 * AT_ONCE
    with pytest.raises(HostFault, match="can't start new thread"):
        set_to_work([partial(int, "1")])
