"""The forge's part of a sweep: missing mirrors are made, merged pull requests closed.

Nothing here costs a recipe its test: what the forge does not do is a note in the recipe's line.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from canon_sweep import interrupt
from canon_sweep.core.address import read_address
from canon_sweep.core.decision import Note
from canon_sweep.core.names import plain
from canon_sweep.core.place import Place, place_of
from canon_sweep.core.pull import MOVED, REFUSED, UNREACHABLE, UNREAD, Found, Heads, Looked
from canon_sweep.errors import Fault, StateFault, SyncFault
from canon_sweep.forge.asked import Asked
from canon_sweep.forge.gitea import Gitea
from canon_sweep.forge.protocol import Forge, Listing, TakenFault
from canon_sweep.forge.settling import Mirror, Settling
from canon_sweep.job.sources import upstream_now
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import ForgeSettings, Settings
from canon_sweep.state.looks import Looks
from canon_sweep.web import (
    BrokenFault,
    MissingFault,
    NobodyFault,
    ServerFault,
    SlowFault,
    WebFault,
)

_PASSING = (BrokenFault, NobodyFault, ServerFault, SlowFault)
"""Nothing is to be mended here: the forge did not answer now."""

MOST_FAILED = 3
"""In the middle of how many recipes in a row the forge may fail before it is left alone."""

_MOST_NAMED = 5


@dataclass(slots=True)
class Pulls:
    """The pull requests of the mirrors that lie on the forge.

    With ``only_looks``, they are told and not closed, and no mirror is made.
    """

    settings: Settings
    own: ForgeSettings
    forge: Forge
    places: dict[str, Place]
    looks: Looks
    say: Callable[[str, str], None]
    only_looks: bool
    closed: dict[str, dict[int, str]] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    _asked: Asked = field(init=False)
    _memory: dict[str, Looked] | None = None
    _failed: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nobody is asked yet."""
        self._asked = Asked(self.forge, self.places)

    def begin(self, recipes: Iterable[Recipe]) -> None:
        """Ask for all of these recipes at once, while something else is done."""
        self.ask(tuple(each.name for each in recipes if not each.stays_out))

    def ask(self, names: tuple[str, ...]) -> None:
        """As `begin`, of recipes by name, whether they stay out or not."""
        self._asked.begin(names)

    @contextmanager
    def present(self, recipe: Recipe) -> Iterator[None]:
        """A sync of the recipe's mirror, which is made first if that is wanted.

        Raises:
            SyncFault: as the sync has it, and then nothing is made for an upstream that
                cannot be read; of a mirror that is missing, with how it is made.
        """
        name, place = recipe.name, self.places.get(recipe.name)
        if place is None:
            yield
            return
        makes = self.own.create_mirrors and not self.only_looks
        why = ""
        if makes and self.is_missing(name):
            # an empty repository is nobody's wish
            upstream_now(self.settings, recipe)
            why = self._make(name, place)
        try:
            yield
        except SyncFault as fault:
            is_it = fault.what.startswith(read_address(recipe.settings.mirror).shown)
            # of another kind it is about something else, too
            if type(fault) is not SyncFault or not is_it or not self.is_missing(name):
                raise
            raise SyncFault(fault.what, do=why or self._advice(place)) from fault

    def settle(self, recipe: Recipe, main: str, acts: Callable[[], None]) -> tuple[Note, ...]:
        """Close what upstream's ``main`` has; gives what is to be said about it.

        The recipe is synced.  ``acts`` is told before anything is looked into or closed.
        """
        name = recipe.name
        if name not in self.places:
            return ()
        unread: dict[int, str] = {}
        try:
            listing, before = self._listing(name), self._before(recipe)
            if listing.pulls or before.closing:
                acts()
                self._settle(recipe, main, listing, before, unread)
            said = tuple(self._remarks(name, listing))
        except Fault as fault:
            said = (_note_of(fault),)
        except Exception as error:  # a bug of ours costs the recipe's test nothing
            self.say(name, traceback.format_exc())
            why = plain(f"{type(error).__name__}: {error}"[:200])
            said = (Note(code=REFUSED, text=f"a bug in canon-sweep ({why}); see the log"),)
        return (*said, *_unread_notes(unread))

    def _settle(
        self,
        recipe: Recipe,
        main: str,
        listing: Listing,
        before: Looked,
        unread: dict[int, str],
    ) -> None:
        """What could not be looked at is added to ``unread``, with the reason."""
        if len(self._failed) >= MOST_FAILED:
            raise self._failed[0]  # and not asked again, a deadline after the other
        closed = self.closed.setdefault(recipe.name, {})
        mirror, remember = self._mirror(recipe, main), partial(self._remember, recipe.name)
        try:
            Settling(
                self.forge, mirror, listing, before, remember, self.only_looks, closed, unread
            ).settle()
        except _PASSING as fault:
            self._failed.append(fault)
            raise
        self._failed.clear()

    def _mirror(self, recipe: Recipe, main: str) -> Mirror:
        url, clone = recipe.settings.mirror, recipe.clone
        timeout = float(self.settings.sync_timeout)
        credentials = self.settings.credentials

        def contained(heads: Heads) -> dict[int, Found]:
            with interrupt.Deferred():
                from canon_sweep.mirror import pulls  # noqa: PLC0415 - start-up
            return pulls.contained(clone, main, heads, timeout=timeout)

        def changed(heads: Heads) -> dict[int, Found]:
            with interrupt.Deferred():
                from canon_sweep.mirror import pulls  # noqa: PLC0415 - start-up
            return pulls.changed(url, clone, main, heads, credentials=credentials, timeout=timeout)

        return Mirror(
            url=url,
            main=main,
            contained=contained,
            changed=changed,
            say=partial(self.say, recipe.name),
            upstream=_public(recipe.settings.upstream),
        )

    def _listing(self, name: str) -> Listing:
        if name in self.made:
            return Listing(self.places[name], ())
        return self._asked.of(name)

    def _before(self, recipe: Recipe) -> Looked:
        if self._memory is None:
            self._memory = self.looks.read()
        found, mirror = self._memory.get(recipe.name), recipe.settings.mirror
        # of another mirror that it had, nothing is known
        return found if found and found.mirror == mirror else Looked(mirror)

    def _remember(self, name: str, looked: Looked) -> None:
        self.looks.put(name, looked)
        assert self._memory is not None
        self._memory[name] = looked

    def is_missing(self, name: str) -> bool:
        """Whether the forge has no such mirror of a recipe, as far as anybody can see."""
        if name not in self.places:
            return False
        try:
            self._listing(name)
        except MissingFault:
            return True
        except Exception:
            return False  # nobody knows, and a sync says more
        return False

    def _make(self, name: str, place: Place) -> str:
        """Make a mirror; why it was not made, empty if it was."""
        if len(self._failed) >= MOST_FAILED:
            return f"it cannot be made: {self._failed[0]}"
        try:
            self.forge.create(place, private=self.own.visibility == "private")
        except TakenFault as fault:
            return str(fault)
        except Fault as fault:
            if isinstance(fault, _PASSING):
                self._failed.append(fault)
            return f"it cannot be made: {fault}"
        self._failed.clear()
        self.made.add(name)
        self.say(name, f"made the mirror {place} on the forge, {self.own.visibility}")
        return ""

    def _advice(self, place: Place) -> str:
        if self.own.create_mirrors:
            return "the next sweep makes it (forge.createMirrors)"
        private = " --private" if self.own.visibility == "private" else ""
        return (
            f"the forge has no {place}, or hides it from forge.tokenFile; make it, empty:"
            f" tea repos create --owner {place.owner} --name {place.name}{private},"
            " or set forge.createMirrors"
        )

    def _remarks(self, name: str, listing: Listing) -> Iterator[Note]:
        asked = self.places[name]
        if listing.place != asked:
            text = f"the mirror {asked} is {listing.place} on the forge now: correct its URL"
            yield Note(code=MOVED, text=text)
        if not listing.is_whole:
            text = f"more open pull requests than are looked at: {len(listing.pulls)} were"
            yield Note(code=UNREAD, text=text)


def pulls_of(
    settings: Settings, looks: Looks, say: Callable[[str, str], None], *, only_looks: bool
) -> Pulls | None:
    """The forge's part as the settings have it, or None if they name no forge."""
    own = settings.forge
    if own is None:
        return None
    found = {name: place_of(each.mirror, own.url) for name, each in settings.recipes.items()}
    places = {name: place for name, place in found.items() if place is not None}
    forge = Gitea(own.url, own.token_file)
    return Pulls(settings, own, forge, places, looks, say, only_looks)


def _unread_notes(unread: Mapping[int, str]) -> Iterator[Note]:
    """One for each reason, however many there are of it."""
    for why in dict.fromkeys(unread.values()):
        numbers = [f"#{number}" for number in sorted(unread) if unread[number] == why]
        more = len(numbers) - _MOST_NAMED
        named = ", ".join(numbers[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        who = f"pull request {named} is" if len(numbers) == 1 else f"pull requests {named} are"
        yield Note(code=UNREAD, text=f"{who} left open and not looked at: {why}")


def _note_of(fault: Fault) -> Note:
    text = f"its pull requests are not settled: {fault}"
    if isinstance(fault, SyncFault):
        return Note(code=UNREAD, text=text)
    if isinstance(fault, (StateFault, WebFault)) and not isinstance(fault, _PASSING):
        return Note(code=REFUSED, text=text)
    return Note(code=UNREACHABLE, text=text)


def _public(upstream: str) -> str:
    """What strangers may be told of where upstream is."""
    address = read_address(upstream)
    return address.shown if address.scheme in ("http", "https") else ""
