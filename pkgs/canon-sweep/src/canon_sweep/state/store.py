"""The state folder as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from canon_sweep.core import names
from canon_sweep.core.attempts import untold
from canon_sweep.core.canonical import Canonical
from canon_sweep.errors import StateFault
from canon_sweep.settings.records import Settings
from canon_sweep.state import files, folders, storage
from canon_sweep.state.adopted import Adoptions
from canon_sweep.state.attempts import Ledger
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.followed import Followed
from canon_sweep.state.foreign import ForeignCanonicals
from canon_sweep.state.guests import Guests
from canon_sweep.state.holds import Holds
from canon_sweep.state.home import Home
from canon_sweep.state.images import Images
from canon_sweep.state.journal import Journal
from canon_sweep.state.lastprune import LastPrune
from canon_sweep.state.looks import Looks
from canon_sweep.state.lost import lost, unseen
from canon_sweep.state.waiting import WaitingList

# data of apps and trees of recipes: a draft there is not ours
_FOREIGN = frozenset({"volumes", "checkouts", "source", "source.new"})
# as local/stacks/<stack>
_DEEPEST = 3
# the histories of what harnesses were seen to promote
_SEEN = "followed"


class Named(NamedTuple):
    """Every record by which something is kept, and of those that cannot be read, what is wrong."""

    records: tuple[Canonical, ...]
    problems: dict[str, str]


class Tidied(NamedTuple):
    """What was put right, and what could not be; a text each."""

    said: tuple[str, ...]
    problems: tuple[str, ...]


class State(msgspec.Struct, frozen=True):
    """Where everything is kept on disk.

    ``canonicals`` are those that we keep.  ``followed`` are those of a harness that promotes by
    itself, None without one; then ours are still there, and still named, and nothing is decided
    by them.
    """

    folder: Path
    canonicals: Canonicals
    followed: Followed | None
    ledger: Ledger
    holds: Holds
    journal: Journal
    guests: Guests
    home: Home
    images: Images
    last_prune: LastPrune
    looks: Looks
    waiting: WaitingList

    @classmethod
    def of(cls, settings: Settings) -> State:
        """The state folder that the settings name."""
        folder = settings.state_dir
        return cls(
            folder=folder,
            canonicals=_canonicals_of(settings),
            followed=_followed_of(settings),
            ledger=Ledger(folder / "attempts.jsonl"),
            holds=Holds(folder / "holds.json"),
            journal=Journal(folder / "journal.json"),
            guests=Guests(folder / "guests.json"),
            home=Home(folder / "home"),
            images=Images(folder / "images.json"),
            last_prune=LastPrune(folder / "pruned"),
            looks=Looks(folder / "pulls.json"),
            waiting=WaitingList(folder / "waiting.json"),
        )

    @property
    def current(self) -> Canonicals:
        """The canonicals by which is decided: a harness's where it promotes by itself."""
        return self.followed or self.canonicals

    @property
    def past(self) -> tuple[Canonicals, Canonicals]:
        """Ours, and a harness's of now or of earlier, to be asked for their histories."""
        return self.canonicals, self.followed or Canonicals(self.folder / _SEEN)

    @property
    def checkouts(self) -> Path:
        """Where the versions under test are checked out, each only while it is tested."""
        return self.folder / "checkouts"

    def records(self) -> Named:
        """Every record, ours or followed, by which something is kept.

        One that is gone and should not be is a problem of its recipe, too.

        Raises:
            StateFault: the folder of all records, a history or the ledger cannot be read.
        """
        found = [self.canonicals.read_all()]
        if self.followed is not None:
            found.append(self.followed.read_all())
        problems = {recipe: why for each in found for recipe, why in each.problems.items()}
        records = tuple(record for each in found for record in each.records.values())
        return Named(records, problems | self.lost())

    def check_in_sight(self, recipe: str) -> None:
        """See that a recipe's record is not gone with all that was beside it.

        So it is where a disk is not mounted; who lets a recipe start anew takes its record
        alone away.

        Raises:
            StateFault: it is; or nobody can say.
        """
        if self.followed is None:
            ours, theirs = self.past
            gone = unseen(recipe, ours, self.ledger, theirs)
        elif self.followed.recipes():
            return
        else:
            gone = self.followed.known(recipe).record
        if gone is not None:
            raise _gone(gone, self.current, do="bring it back, or mount its disk")

    def lost(self) -> dict[str, str]:
        """What to do about each recipe whose record is gone, as in `state.lost`.

        Raises:
            StateFault: the folder of all records, a history or the ledger cannot be read.
        """
        return {record.recipe: str(_gone(record, whose)) for whose, record in self.lost_records()}

    def lost_records(self) -> Iterator[tuple[Canonicals, Canonical]]:
        """Each record that is gone and should not be, with those among which it was.

        Raises:
            StateFault: the folder of all records, a history or the ledger cannot be read.
        """
        ours, theirs = self.past
        for whose, beside in ((ours, theirs), (theirs, ours))[: 2 if self.followed else 1]:
            for record in lost(whose, self.ledger, beside).values():
                yield whose, record

    def check_common(self) -> None:
        """See that what is read for every recipe can be read: one fault, not one for each.

        Raises:
            StateFault: the journal, the holds, the ledger or the markers of what was adopted
                cannot be read.
        """
        if self.followed is not None:
            self.followed.adopted.read()
        self.journal.entries()
        self.holds.read()
        self.ledger.index()

    def tidy(self) -> Tidied:
        """Put right what kills, and earlier versions, left.

        Only under the run's lock.  Done twice, it does nothing more.
        """
        said, problems = [], []
        for step in (self._narrow, self._set_aside, self._clear, self._tell):
            try:
                said += step()
            except StateFault as fault:
                problems.append(str(fault))
        return Tidied(tuple(said), (*problems, *self.clear_checkouts()))

    def clear_drafts(self) -> int:
        """Remove every draft that a dead writer left, and say how many; a living one's stay.

        Raises:
            StateFault: one, which may have a secret in it, cannot be removed.
        """
        own = sum(files.clear_drafts(folder) for folder in _folders(self.folder))
        return own + self.canonicals.clear_drafts()

    def dead_drafts(self) -> tuple[Path, ...]:
        """What `clear_drafts` would remove.

        Raises:
            StateFault: a folder cannot be read.
        """
        own = (draft for folder in _folders(self.folder) for draft in files.dead_drafts(folder))
        return (*own, *self.canonicals.dead_drafts())

    def clear_checkouts(self) -> tuple[str, ...]:
        """Remove what kills left of checkouts; only under the run's lock.

        Returns a text for each that cannot be removed.
        """
        return folders.clear(self.checkouts)

    def left_checkouts(self) -> tuple[Path, ...]:
        """What `clear_checkouts` would remove.

        Raises:
            StateFault: the folder cannot be read, or is a link.
        """
        folders.check_own(self.checkouts)
        try:
            return tuple(sorted(self.checkouts.iterdir()))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise storage.denied(f"{self.checkouts} cannot be read", error) from error

    def _narrow(self) -> list[str]:
        was_open = folders.narrow(self.folder)
        for file in (self.ledger, self.holds, self.journal, self.guests, self.waiting):
            folders.narrow(file.path)
        return [f"{self.folder} was open to other users, and is not any more"] * was_open

    def _set_aside(self) -> list[str]:
        path = self.ledger.path
        was_cut = files.set_cut_line_aside(path)
        return [f"{path}: its last line was cut short, it is in {path.name}.cut now"] * was_cut

    def _clear(self) -> list[str]:
        drafts = self.clear_drafts()
        said = f"{drafts} half-written files of interrupted writers were removed"
        return [said] if drafts else []

    def _tell(self) -> list[str]:
        """Promotions that are not in the ledger; what cannot be noted now costs no run."""
        said = []
        try:
            for record in self.canonicals.read_all().records.values():
                attempt = untold(record, self.ledger.index().of(record.recipe))
                if attempt is not None:
                    self.ledger.add(attempt)
                    said.append(f"the ledger did not tell of {record.recipe}: {attempt.reason}")
        except StateFault as fault:
            said.append(f"whether the ledger tells of each promotion is not known: {fault}")
        return said


def _gone(record: Canonical, whose: Canonicals, do: str = "bring it back") -> StateFault:
    recipe = record.recipe
    made = "adopted" if record.is_adopted else "promoted"
    return StateFault(
        f"{whose.where(recipe)} is gone, though {recipe} was"
        f" {made} ({names.plain(record.release_tag)}) and never taken back",
        do=f"{do}; or give it up: canon-sweep forget {recipe} --reason TEXT",
    )


def _canonicals_of(settings: Settings) -> Canonicals:
    given = None if settings.harness_promotes else settings.canonicals_dir
    return Canonicals(given or settings.state_dir / "canonicals")


def _followed_of(settings: Settings) -> Followed | None:
    own, state = settings.canonicals_dir, settings.state_dir
    if not settings.harness_promotes:
        return None
    assert own is not None, "the settings are not read without it"
    adopted = Adoptions(state / "adopted.json")
    return Followed(state / _SEEN, ForeignCanonicals(own), adopted)


def _folders(top: Path) -> Iterator[Path]:
    """The folders that we write files in: none of them is deep, nor below an app's own."""
    waiting = [(top, 0)]
    while waiting:
        folder, depth = waiting.pop()
        yield folder
        if depth < _DEEPEST:
            waiting += [(below, depth + 1) for below in _below(folder)]


def _below(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []  # what cannot be read has nothing that we wrote
    return [folder / name for name in sorted(found) if name not in _FOREIGN]
