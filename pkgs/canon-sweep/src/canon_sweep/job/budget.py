"""``budget``: what each canonical retains, and what the next release of each recipe will need."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import date

import msgspec
from msgspec.structs import replace

from canon_sweep.core.attempts import newest_known
from canon_sweep.core.budget import (
    Budget,
    Share,
    Size,
    Sum,
    excess,
    outlook,
    reckoned,
    retained,
    share,
    size_of,
    total,
)
from canon_sweep.core.canonical import Canonical
from canon_sweep.core.space import Mark, Space, shortage, shown
from canon_sweep.core.version import Version
from canon_sweep.errors import EXIT_DONE, EXIT_WRONG
from canon_sweep.job.finish import check_state
from canon_sweep.job.room import Room
from canon_sweep.job.wiring import Surroundings, parts_to_look
from canon_sweep.settings.inforce import in_force
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.records import Settings


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One recipe; sizes are in bytes, None where nobody knows.

    ``retained`` is what its canonical keeps, and ``reason`` why that is nothing; ``peak`` is
    what its next test may take, which is an assumption unless it is ``peak_known``.  With
    no ``problems`` the next release has room, and its data a place: that of the recipes in
    ``takes``, if there are any, which goes for it by the operator's priorities.  ``data`` is
    what that data is reckoned with where there is a budget and no canonical to go by, and
    ``data_told`` says how much of it is known; None and empty else.
    """

    recipe: str
    canonical: str = ""
    retained: int | None = 0
    reason: str = ""
    priority: int | None = None
    peak: int = 0
    peak_known: bool = False
    data: int | None = None
    data_told: str = ""
    takes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """All recipes and the disk; sizes are in bytes, None where nobody knows or nothing is set.

    ``retained`` is at least so much if there is any recipe in ``unknown``.
    """

    retained: int
    unknown: tuple[str, ...] = ()
    budget: int | None = None
    free: int | None = None
    total: int | None = None
    min_free: int | None = None
    floor: int | None = None
    recipes: tuple[Line, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if every next release has room, and all that is retained fits."""
        wrong = self.problems or any(line.problems for line in self.recipes)
        return EXIT_WRONG if wrong else EXIT_DONE


def forecast(settings: Settings, around: Surroundings) -> Forecast:
    """Look at the records, the ledger and the disk; nothing is changed.

    Raises:
        UsageFault: the state is somebody else's.
        StateFault: the records, a history or the ledger cannot be read.
    """
    check_state(settings)
    parts = parts_to_look(settings, around)
    # what a record that is gone has named is on the disk all the same
    lost = parts.state.lost()
    records, unread = parts.state.current.read_all()
    # as in a promotion: what cannot be read may name what would go
    retention = replace(settings.retention, priorities={}) if unread else settings.retention
    named = {*records, *unread}
    unread |= lost
    followed = parts.state.followed
    if followed is None:
        sizes: Mapping[str, Size] = retained(records.values(), unread, parts.engine.name)
    else:
        sizes = followed.sizes()
    there, disk, space = total(sizes), settings.disk, parts.room.space()
    over = _over(there, disk.budget) if followed is None else excess(there, settings.retention)
    day, attempts = around.clock().date(), parts.state.ledger.index()
    enrolled = {
        name
        for name, own in settings.recipes.items()
        if _takes_part(own, day, newest_known(own.tag_rule, records.get(name), attempts.of(name)))
    }
    keeps = followed is None
    look = _Look(
        settings, parts.room, retention, records, named, sizes, space, enrolled, keeps=keeps
    )
    return Forecast(
        retained=there.bytes,
        unknown=there.unknown,
        budget=_bytes(disk.budget),
        free=space.free if space else None,
        total=space.total if space else None,
        min_free=_bytes(disk.min_free),
        floor=_bytes(disk.floor),
        recipes=tuple(map(look.line, sorted({*settings.recipes, *records, *unread, *sizes}))),
        problems=tuple(filter(None, (*unread.values(), over))),
    )


class _Look(msgspec.Struct, frozen=True):
    """What was found, to be told recipe by recipe; ``keeps`` is whether it is we who keep data.

    ``named`` are those that have a record, also one that cannot be read.
    """

    settings: Settings
    room: Room
    retention: Budget
    records: Mapping[str, Canonical]
    named: Set[str]
    sizes: Mapping[str, Size]
    space: Space | None
    enrolled: Set[str]
    keeps: bool = True

    def line(self, name: str) -> Line:
        record, own = self.records.get(name), self.settings.recipes.get(name)
        mark = self.room.mark(name)
        size = self.sizes.get(name, 0)
        problems: tuple[str, ...] = ()
        place, data = Share(), None
        if name in self.enrolled:  # else there will be no next test
            data = self._data(name)
            place = self._place(name, data)
            found = (shortage(self.space, self.room.bounds, mark), place.why)
            problems = tuple(filter(None, found))
        return Line(
            recipe=name,
            canonical=record.release_tag if record else "",
            retained=size if isinstance(size, int) else None,
            reason=record.retained_reason if record else "",
            priority=own.priority if own else None,
            peak=int(mark.bytes),
            peak_known=mark.known,
            data=int(data.bytes) if data else None,
            data_told=reckoned(data) if data else "",
            takes=place.takes,
            problems=problems,
        )

    def _data(self, name: str) -> Mark | None:
        """What its next data is reckoned with, where there is a bound and no canonical says it."""
        is_bound = self.keeps and self.retention.limit is not None
        return self.room.most_data(name) if is_bound and name not in self.named else None

    def _place(self, name: str, data: Mark | None) -> Share:
        """What would become of that data, or of data as large as the canonical's is, or was."""
        record = self.records.get(name)
        others = {other: size for other, size in self.sizes.items() if other != name}
        if data is not None:
            return outlook(name, data, others, self.retention)
        if record is None or not self.keeps:
            return Share()
        needed = msgspec.structs.replace(record, volumes=(*record.volumes, *record.unkept))
        return share(name, size_of(needed), others, self.retention)


def _takes_part(own: RecipeSettings, day: date, newest: Version | None) -> bool:
    return in_force(own, day, newest).settings.enroll


def _bytes(size: int | None) -> int | None:
    """A size of the settings as the plain number that it is in JSON."""
    return None if size is None else int(size)


def _over(there: Sum, limit: int | None) -> str:
    if limit is None or there.bytes <= limit:
        return ""
    return (
        f"canonicals retain {there}, more than disk.budget, {shown(limit)}: what comes next"
        " is not kept; raise it, or canon-sweep forget RECIPE --reason TEXT"
    )
