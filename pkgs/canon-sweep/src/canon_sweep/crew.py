"""Many questions that wait for others most of the time, a few at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from canon_sweep.bounded import begun
from canon_sweep.errors import HostFault

T = TypeVar("T")

AT_ONCE = 8


def set_to_work(questions: Sequence[Callable[[], T]]) -> list[Future[T]]:
    """Begin with the questions, in their order; the answer of each, once it is there.

    Nobody waits for what hangs, and what comes after it is then asked by the others.

    Raises:
        HostFault: not one thread can be started.
    """
    answers: list[Future[T]] = [Future() for _ in questions]
    waiting = deque(zip(questions, answers, strict=True))

    def work() -> None:
        while waiting:
            try:
                question, answer = waiting.popleft()
            except IndexError:
                return  # another one was faster
            try:
                answer.set_result(question())
            except BaseException as error:  # it is raised again where the answer is awaited
                answer.set_exception(error)

    for started in range(min(AT_ONCE, len(questions))):
        try:
            begun(work)
        except HostFault:
            if not started:
                raise
            break
    return answers
