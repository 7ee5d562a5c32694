"""Engines that fail, or die, at a chosen moment; everything else they do for real."""

from __future__ import annotations

import mmap
import os
import signal
from collections.abc import Callable
from typing import Any, cast

from canon_sweep.core.space import Space
from canon_sweep.engine.protocol import Engine


def intercepted(engine: Engine, before: Callable[[str, tuple[Any, ...]], None]) -> Engine:
    """An engine that calls ``before`` with the name and arguments of each of its calls."""

    class Intercepted:
        name = engine.name

        def __getattr__(self, attribute: str) -> Any:
            method = getattr(engine, attribute)

            def call(*arguments: Any, **named: Any) -> Any:
                before(attribute, arguments)
                return method(*arguments, **named)

            return call

    return cast(Engine, Intercepted())


def failing(method: str, error: Exception, times: int = 1) -> Callable[[Engine], Engine]:
    """Let the first calls of a method raise."""
    left = [times]

    def before(name: str, _arguments: tuple[Any, ...]) -> None:
        if name == method and left[0] > 0:
            left[0] -= 1
            raise error

    return lambda engine: intercepted(engine, before)


class LastWord:
    """A line that a child leaves behind, however it ends."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 256)

    def say(self, text: str) -> None:
        """Leave this line, instead of an earlier one."""
        self._shared[:] = text.encode()[:256].ljust(256, b"\0")

    @property
    def text(self) -> str:
        """What was said; empty if nothing was."""
        return self._shared[:].rstrip(b"\0").decode()


def dying_at(step: int, last: LastWord | None = None) -> Callable[[Engine], Engine]:
    """Let the process be killed, as by a power cut, just before its n-th engine call."""
    made = [0]

    def before(name: str, _arguments: tuple[Any, ...]) -> None:
        made[0] += 1
        if made[0] == step:
            if last is not None:
                last.say(f"{step} before {name}")
            os.kill(os.getpid(), signal.SIGKILL)

    return lambda engine: intercepted(engine, before)


def doing(method: str, deed: Callable[[], object]) -> Callable[[Engine], Engine]:
    """Do something before the first call of a method."""
    done: list[bool] = []

    def before(name: str, _arguments: tuple[Any, ...]) -> None:
        if name == method and not done:
            done.append(True)
            deed()

    return lambda engine: intercepted(engine, before)


def with_space(space: Space) -> Callable[[Engine], Engine]:
    """Let an engine's file system be as full as that."""

    def wrapped(engine: Engine) -> Engine:
        class Filled:
            name = engine.name

            def __getattr__(self, attribute: str) -> Any:
                return (lambda: space) if attribute == "space" else getattr(engine, attribute)

        return cast("Engine", Filled())

    return wrapped
