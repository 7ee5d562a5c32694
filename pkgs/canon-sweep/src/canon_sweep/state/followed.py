"""The canonicals of a harness that promotes by itself: read where it keeps them, never written.

What is ours of them is in our own folder: the history of what runs of ours have seen promoted,
and the markers of those that an operator has adopted.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from canon_sweep.core.adoption import Known, followed
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.foreign import Broken, Foreign, Snapshot
from canon_sweep.core.parts import named_volumes
from canon_sweep.errors import StateFault
from canon_sweep.state.adopted import Adoptions
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.foreign import ForeignCanonicals
from canon_sweep.state.history import Forgotten


class Followed(Canonicals, frozen=True):
    """The records in ``theirs``; histories are below ``folder``."""

    theirs: ForeignCanonicals
    adopted: Adoptions

    def found(self, recipe: str) -> Foreign:
        """All that the harness keeps of a recipe.

        Raises:
            StateFault: the name is no recipe's.
        """
        return self.theirs.read(recipe)

    def known(self, recipe: str) -> Known:
        """What we have written down of a recipe's record.

        Raises:
            StateFault: the markers or the history cannot be read.
        """
        past = self.past(recipe)
        last = past[-1] if past else None
        promoted = None if isinstance(last, Forgotten) else last
        return Known(self.adopted.read().get(recipe), promoted)

    def read(self, recipe: str) -> Canonical | None:
        """The record that trigger and base go by; None if there is none, or it is not followed.

        Raises:
            StateFault: there is a record, but it cannot be read.
        """
        found = self.theirs.read(recipe)
        record = found.record
        if record is None:
            return None
        if isinstance(record, Broken):
            raise StateFault(
                f"{self.where(recipe)} is no canonical's record: {record.why}",
                do="mend it with the harness that keeps it, or take it away, and it is tested",
            )
        return followed(record, self.known(recipe), named_volumes(found))

    def recipes(self) -> tuple[str, ...]:
        """The recipes that have a record, followed or not, readable or not.

        Raises:
            StateFault: nobody can say.
        """
        return self.theirs.recipes()

    def where(self, recipe: str) -> Path:
        """The record's path."""
        return self.theirs.where(recipe)

    def sizes(self) -> dict[str, int | None]:
        """How many bytes each canonical there takes, by recipe; None where nobody knows.

        Its snapshot, and its volumes, which are reckoned as large as that: the archives hold
        what they hold.

        Raises:
            StateFault: they cannot be listed.
        """
        return {recipe: self._size(recipe) for recipe in self.recipes()}

    def _size(self, recipe: str) -> int | None:
        try:
            snapshot = self.found(recipe).snapshot
        except StateFault:
            return None
        return 2 * snapshot.bytes if isinstance(snapshot, Snapshot) else None

    def write(self, record: Canonical) -> None:
        """Never.

        Raises:
            StateFault: always: the record is the harness's to write.
        """
        raise StateFault(
            f"{self.where(record.recipe)} is not canon-sweep's to write",
            do="the harness promotes by itself: harness.promotes",
        )

    def forget(self, recipe: str, reason: str, now: datetime) -> Canonical | None:
        """Follow a record no longer, and return what was followed; it stays where it is.

        Whatever it says by now, or whether it can be read: what we have written down goes.

        Raises:
            StateFault: our markers or the history cannot be read or written.
        """
        record = self.known(recipe).record
        if record is None:
            return None
        self.give_up(record, reason, now)
        self.adopted.drop(recipe)
        return record

    def flush(self, recipe: str) -> None:
        """Nothing: what the harness writes is its own to flush."""

    def note_promotion(self, record: Canonical) -> None:
        """Write down that a run of ours has seen a record made; it is followed from now on.

        Raises:
            StateFault: the history or the markers cannot be written.
        """
        Canonicals.note_promotion(self, record)
        # proven, so adopted no more
        self.adopted.drop(record.recipe)
