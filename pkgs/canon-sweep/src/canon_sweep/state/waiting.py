"""Which recipes wait for their turn, on disk: what a sweep has begun and not got to the end of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from canon_sweep.core import names
from canon_sweep.core.decision import Code
from canon_sweep.core.moment import wrong_with
from canon_sweep.core.waiting import Waiting, put_off, queued, red_once
from canon_sweep.errors import StateFault
from canon_sweep.state import folders, lock, register, storage

_WAITING = msgspec.json.Decoder(dict[str, Waiting])
_ADVICE = "mend it, or remove it: then nothing waits, and the next sweep takes everything up"

Entries = dict[str, Waiting]


class WaitingList(msgspec.Struct, frozen=True):
    """``waiting.json``, and beside it an empty file ``due`` while a resume has something to do.

    Whoever starts resumes need not read the list, nor start a program for nothing.
    """

    path: Path

    @property
    def mark(self) -> Path:
        """Is there while a resume has something to do, or to tell."""
        return self.path.with_name("due")

    def read(self) -> Entries:
        """Every recipe that waits, also those that no resume takes up any more.

        Raises:
            StateFault: the file cannot be read.
        """
        return register.read(
            self.path, _WAITING, what="list of who waits", do=_ADVICE, problem=_problem
        )

    def due(self) -> Entries:
        """Those that a resume takes up, or has to say of that nobody does any more.

        Raises:
            StateFault: the file cannot be read.
        """
        return {name: entry for name, entry in self.read().items() if entry.until is not None}

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the file: until it is mended, nobody knows what is due."""
        try:
            self.read()
        except StateFault as fault:
            return (str(fault),)
        return ()

    def tidy(self) -> None:
        """Take away a mark that nothing is due for any more, as where the list was removed.

        Raises:
            StateFault: the file cannot be read, or the mark not be removed.
        """
        if self.mark.exists():
            self._change(lambda before: before)

    def begin(
        self, recipes: Iterable[str], started: datetime, until: datetime, *, retry: bool = False
    ) -> Entries:
        """Let a sweep begin: these recipes wait, and in place of an earlier sweep's all others.

        Raises:
            StateFault: the file cannot be read or written; it is as it was.
        """
        _, after = self._change(
            lambda before: {
                name: queued(name, before.get(name), started, until, retry=retry)
                for name in recipes
            }
        )
        return after

    def turned(self, had: Iterable[str], begun: str = "") -> None:
        """Recipes have had their turn; that of another begins, if it waits for one.

        Raises:
            StateFault: the file cannot be read or written; it is as it was.
        """
        gone = frozenset(had)
        self._change(
            lambda before: {
                name: msgspec.structs.replace(entry, begun=True) if name == begun else entry
                for name, entry in before.items()
                if name not in gone
            }
        )

    def again(self, recipe: str) -> None:
        """Note that a recipe was red and is to be tried once more, if it waits for anything.

        Raises:
            StateFault: the file cannot be read or written; it is as it was.
        """
        self._change(
            lambda before: {
                name: red_once(entry) if name == recipe else entry for name, entry in before.items()
            }
        )

    def drop(self, recipe: str) -> None:
        """As `turned`, of one that is nobody's to wait for any more."""
        self.turned((recipe,))

    def put_off(self, why: Mapping[str, tuple[Code, str]], now: datetime) -> tuple[Waiting, ...]:
        """Note why recipes were not reached; those whose window was over are given, once.

        Raises:
            StateFault: the file cannot be read or written; it is as it was.
        """
        before, after = self._change(lambda before: put_off(before, why, now))
        ended = (name for name in after if after[name].until != before[name].until)
        return tuple(before[name] for name in sorted(ended))

    def _change(self, change: Callable[[Entries], Entries]) -> tuple[Entries, Entries]:
        with lock.changing(self.path):
            before = self.read()
            after = change(before)
            is_due = any(entry.until is not None for entry in after.values())
            try:
                # before the list: a kill in between costs a resume that finds nothing
                if is_due:
                    folders.make(self.mark.parent)
                    self.mark.touch(mode=0o600)
                if after != before:
                    register.write(self.path, after)
                if not is_due:
                    self.mark.unlink(missing_ok=True)
            except OSError as error:
                raise storage.denied(f"{self.mark} cannot be written", error) from error
            return before, after


def _problem(recipe: str, entry: Waiting) -> str | None:
    if entry.recipe != recipe:
        return f"{names.printable(recipe)} has the place of {names.printable(entry.recipe)}"
    times = (entry.since, entry.started, entry.until or entry.started)
    why = next(filter(None, map(wrong_with, times)), "")
    return f"a time of {names.printable(recipe)} {why}" if why else None
