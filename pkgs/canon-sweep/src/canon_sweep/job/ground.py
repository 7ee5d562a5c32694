"""The ground that tests stand on: clean before each, with whole checkouts, cleaned up after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from canon_sweep import interrupt, tree
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import Fault, HostFault
from canon_sweep.harness import guest
from canon_sweep.harness.discard import discard_previous
from canon_sweep.harness.recover import Unsettled, recover
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import Settings
from canon_sweep.settings.secretenv import secret_env
from canon_sweep.state import folders
from canon_sweep.state.journal import Promotion
from canon_sweep.state.runs import Log
from canon_sweep.state.store import State

if TYPE_CHECKING:
    from canon_sweep.harness.hook import Hook
    from canon_sweep.harness.order import Checkout
    from canon_sweep.harness.stage import Stage


class Ground(msgspec.Struct):
    """Gives each recipe a stage, and knows what an earlier one left on it.

    ``recovered`` counts what earlier runs had left and this one cleaned up;
    ``unsettled`` is what could not be; ``problems`` is what is wrong with the state
    folder besides.
    """

    settings: Settings
    state: State
    engine: Engine
    log_of: Callable[[str], Log]
    say: Callable[[str], None]
    time_left: Callable[[], float] = lambda: float("inf")
    recovered: int = 0
    unsettled: tuple[Unsettled, ...] = ()
    problems: tuple[str, ...] = ()
    deploys: int = 0
    visits: int = 0

    def tidy(self) -> None:
        """Make the state folder what it should be; nothing of it stops a run."""
        tidied = self.state.tidy()
        for text in tidied.said:
            self.say(text)
        state = self.state
        self.problems = (
            *tidied.problems,
            *state.holds.problems(),
            *state.ledger.problems(),
            *state.waiting.problems(),
        )

    def settle(self) -> None:
        """Clean up after runs that did not end by themselves, and after what this one left.

        Raises:
            StateFault: the journal, or the list of guests, cannot be read.
        """
        state = self.state
        before = len(state.journal.entries())
        guests = guest.settle(state.guests, self.engine, self.settings.guard.ignore, self.say)
        left = recover(state.journal, state.canonicals, self.engine, self.say)
        self.unsettled = (*guests, *left)
        self.recovered += before - len(state.journal.entries())

    def check_clean(self, recipe: str) -> None:
        """Settle what is left, and see that nothing of it would disturb a test.

        Raises:
            HostFault: something would.
            StateFault: the journal, or the list of guests, cannot be read.
        """
        if self.state.journal.entries() or self.state.guests.entries():
            self.settle()
        for left in self.unsettled:
            if left.runs or left.recipe == recipe:
                raise HostFault(f"nothing is tested before this is cleaned up: {left}")

    @contextmanager
    def stage(self, recipe: Recipe) -> Iterator[tuple[Stage, Checkout]]:
        """A place to deploy a recipe's versions, with folders that go afterwards.

        Raises:
            HostFault: what an earlier test left would disturb this one, or there is no engine.
            StateFault: as for `checkouts`.
        """
        from canon_sweep.harness.limits import Limits  # noqa: PLC0415 - start-up
        from canon_sweep.harness.stage import Stage  # noqa: PLC0415 - start-up

        self.check_clean(recipe.name)
        # where nothing can be deployed nothing is begun, and a resume takes it up
        self.engine.node()
        secrets = secret_env(recipe.settings)

        def hide(text: str) -> str:
            # as the stage knows them by then: in each place they may be spelled otherwise
            return stage.secrets.hide(text)

        log = replace(self.log_of(recipe.name), hide=hide)
        stage = Stage(
            recipe.name,
            self.engine,
            self.state.journal,
            self.state.canonicals,
            log,
            Limits.of(self.settings, recipe.settings),
            self.time_left,
            recipe.settings.declared,
            recipe.overlays,
            secrets,
            self._hook(recipe, log),
        )
        with self.checkouts(recipe) as checkout:
            try:
                yield stage, checkout
            finally:
                self.deploys += stage.deploys
                self.visits += stage.visits

    @contextmanager
    def checkouts(self, recipe: Recipe) -> Iterator[Checkout]:
        """Folders with the files of a recipe's commits, which go afterwards.

        Raises:
            StateFault: there may be other people's files where they would be.
        """
        # not in the cache, which anybody may delete at any time
        folders.check_own(self.state.checkouts)
        folder = self.state.checkouts / recipe.name
        _remove(folder)

        def checkout(commit: str) -> Path:
            _write_out(recipe, commit, folder / commit)
            return folder / commit

        try:
            yield checkout
        finally:
            _remove(folder)

    def _hook(self, recipe: Recipe, log: Log) -> Hook | None:
        command = recipe.settings.install
        if command is None:
            return None
        from canon_sweep.harness.hook import Hook  # noqa: PLC0415 - start-up

        return Hook(command, partial(self._copy, recipe), log)

    @contextmanager
    def _copy(self, recipe: Recipe, commit: str) -> Iterator[Path]:
        """A commit's files once more, beside those of the test, for whoever changes them."""
        folder = self.state.checkouts / recipe.name / "copy"
        _remove(folder)
        try:
            _write_out(recipe, commit, folder)
            yield folder
        finally:
            _remove(folder)

    def clear(self, entry: Promotion) -> None:
        """Remove what a replaced canonical leaves behind.

        Raises:
            HostFault: the engine cannot be used; the journal still has the entry.
        """
        discard_previous(
            entry,
            engine=self.engine,
            journal=self.state.journal,
            canonicals=self.state.canonicals,
        )

    def left(self) -> tuple[str, ...]:
        """What is still to be cleaned up after one more try; `problems` is not among it."""
        try:
            self.settle()
        except Fault as fault:
            return (str(fault),)
        return tuple(map(str, self.unsettled))


def _write_out(recipe: Recipe, commit: str, folder: Path) -> None:
    with interrupt.Deferred():
        from canon_sweep.mirror.checkout import checkout  # noqa: PLC0415 - start-up
    checkout(recipe.clone, commit, folder)


def _remove(checkouts: Path) -> None:
    # what stays is told at the end of each run, and tried again by the next
    with suppress(OSError):
        tree.remove(checkouts)
