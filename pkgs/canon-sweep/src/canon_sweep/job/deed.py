"""Something to be taken away: said with its reason, and done unless it is only to be said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from canon_sweep import interrupt
from canon_sweep.core import denial
from canon_sweep.errors import Fault


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken away, or would be, and why; ``problem`` is why it is still there."""

    what: str
    why: str
    problem: str = ""

    @property
    def line(self) -> str:
        """All of it in one line."""
        said = f"{self.what} {self.why}"
        return f"{said}; it stays: {self.problem}" if self.problem else said


class Deed(msgspec.Struct, frozen=True):
    """Takes one thing away; ``do`` gives why it stays, empty if it is gone."""

    what: str
    why: str
    do: Callable[[], str]


def carry_out(deeds: Iterable[Deed], *, only_say: bool) -> Iterator[Act]:
    """Do each, whatever becomes of the others; once asked to end, no further one begins."""
    for deed in deeds:
        problem = "" if only_say else _problem(deed)
        yield Act(what=deed.what, why=deed.why, problem=problem)


def _problem(deed: Deed) -> str:
    stopped = interrupt.reason()
    if stopped is not None:
        return stopped
    try:
        return deed.do()
    except Fault as fault:
        return str(fault)
    except OSError as error:
        exhaustion = denial.exhaustion(error)
        return str(exhaustion) if exhaustion else f"{error.filename}: {error.strerror}"
