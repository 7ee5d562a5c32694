"""What a sweep acts on, as small promises; `job.wiring` joins those who keep them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from canon_sweep.core.canonical import Label
from canon_sweep.core.decision import Decision, Facts, Note
from canon_sweep.core.release import Release
from canon_sweep.core.stop import Stop
from canon_sweep.harness.tested import Tested
from canon_sweep.report.records import Entry, Sync
from canon_sweep.settings.recipe import Recipe


class Sources(Protocol):
    """Upstreams and mirrors."""

    def sync(self, recipe: Recipe) -> object:
        """Bring the mirror to what upstream has."""
        ...

    def settle(self, recipe: Recipe) -> tuple[Note, ...]:
        """Close what upstream has merged of the mirror's pull requests; the recipe is synced."""
        ...

    def sync_anew(self, recipe: Recipe) -> bool:
        """As `sync`, where that went by what was seen before; False if it did not."""
        ...

    def done(self, recipe: Recipe) -> Sync | None:
        """What the recipe's sync did, or None if there was none."""
        ...


class Records(Protocol):
    """What is known of recipes."""

    def in_force(self, recipe: Recipe) -> Recipe:
        """The recipe without the overrides that its releases have ended; it is synced."""
        ...

    def facts(self, recipe: Recipe) -> Facts:
        """What the decision rests on; the recipe is synced."""
        ...

    def remarks(self, recipe: Recipe, facts: Facts) -> tuple[Note, ...]:
        """What is wrong with its canonical and its history."""
        ...

    def canonical(self, recipe: Recipe) -> Label:
        """What the canonical is called, empty if there is none that can be read."""
        ...


class Trials(Protocol):
    """Where releases are tested."""

    def hindrance(self, recipe: Recipe, facts: Facts) -> Stop | None:
        """Why a test of the recipe may not begin now, while others may."""
        ...

    def outlook(self, recipe: Recipe) -> tuple[Note, ...]:
        """What would keep a test of the recipe from beginning now; nothing is done for it."""
        ...

    def test(self, recipe: Recipe, facts: Facts, decision: Decision) -> Tested:
        """Test the decision's target cold, and promote it if the gate says so."""
        ...

    def broken_off(self, recipe: Recipe, target: Release, seconds: float) -> tuple[Note, ...]:
        """Remember a test that the run's time ended after so many seconds; or say why not."""
        ...

    def deploys(self) -> int:
        """How many deploys there were so far."""
        ...


class World(msgspec.Struct, frozen=True):
    """Everything that a sweep acts on; ``say`` adds to a recipe's log."""

    sources: Sources
    records: Records
    trials: Trials
    say: Callable[[str, str], None]
    now: Callable[[], datetime]


class Progress(Protocol):
    """Is told how the sweep goes on."""

    def begins(self, recipe: str) -> None:
        """A recipe's turn has come."""
        ...

    def ended(self, entry: Entry) -> None:
        """A recipe's line is final."""
        ...
