"""Closes the pull requests of a mirror that upstream has merged, each with one comment.

A pull request is closed first and commented then, and what is under way is on disk: killed
anywhere in between, the next sweep finds it closed, looks for its comment, and adds it where it
is missing.  Whoever opens one again is heard: our own comment on the same head says that it was
closed once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from canon_sweep.core.place import Place
from canon_sweep.core.pull import (
    Closing,
    Found,
    Heads,
    Looked,
    Pull,
    Verdict,
    comment,
    concerns,
    mark,
    verdict,
)
from canon_sweep.forge.protocol import Forge, Listing
from canon_sweep.web import (
    LargeFault,
    LoginFault,
    MissingFault,
    RedirectFault,
    RightsFault,
    ServerFault,
    ShapeFault,
    StatusFault,
    TokenFault,
    WebFault,
)

_NOT_DONE = (LoginFault, MissingFault, RedirectFault, RightsFault, StatusFault, TokenFault)
"""The answers after which nothing was changed, for sure."""

_OF_ONE = (LargeFault, MissingFault, ServerFault, ShapeFault, StatusFault)
"""The answers that may be about one pull request only."""

_LEFT_OUT = "others are too large; the next sweep goes on"

MOST_FAILED = 2
"""Of how many such answers the others are still tried after."""

Look = Callable[[Heads], dict[int, Found]]


class Mirror(msgspec.Struct, frozen=True):
    """A recipe's mirror: its URL, upstream's main, and how git is asked about heads.

    ``upstream`` is what its people are told of where main is, empty if that is nobody's matter.
    """

    url: str
    main: str
    contained: Look
    changed: Look
    say: Callable[[str], None]
    upstream: str = ""


class Settling(msgspec.Struct):
    """One mirror's turn; ``closed`` is what was closed, by number, with the reason.

    ``unread`` is what nobody could look at, by number, with the reason.
    ``before`` is what is remembered of it, and ``remember`` puts something else in its place.
    One that ``only_looks`` says what it would close, and leaves forge and memory as they are.
    """

    forge: Forge
    mirror: Mirror
    listing: Listing
    before: Looked
    remember: Callable[[Looked], None]
    only_looks: bool = False
    closed: dict[int, str] = msgspec.field(default_factory=dict)
    unread: dict[int, str] = msgspec.field(default_factory=dict)
    _left: dict[int, str] = msgspec.field(default_factory=dict)
    _closing: dict[int, Closing] = msgspec.field(default_factory=dict)
    _failed: list[WebFault] = msgspec.field(default_factory=list)

    def settle(self) -> None:
        """Close what is merged; what was done stays in ``closed``, whatever is raised.

        Raises:
            WebFault: the forge does not do it.
            SyncFault: the mirror does not give a pull request's commits.
            StateFault: it cannot be remembered.
        """
        self._closing = dict(self.before.closing)
        concerned = {pull.number: pull for pull in self.listing.pulls if concerns(pull)}
        main = self.mirror.main
        known = {n for n, pull in concerned.items() if self.before.knows(pull, main)}
        self._left = {number: concerned[number].seen for number in sorted(known)}
        new = self._in_turn({n: pull for n, pull in concerned.items() if n not in known})
        try:
            if not self.only_looks:
                self._finish()
            # what is sure without the mirror comes first: its commits may be hard to get
            found = _looked(self.mirror.contained, new)
            self._judge({n: new[n] for n in found}, found)
            rest = {n: pull for n, pull in new.items() if n not in found}
            looked = _looked(self.mirror.changed, rest)
            # not remembered: those that took their place are, so that the next sweep goes on
            left_out = dict.fromkeys(sorted(rest.keys() - looked.keys()), _LEFT_OUT)
            # said whatever the forge does: what is too large is remembered, and not said again
            self.unread |= {n: found.why for n, found in looked.items() if found.why} | left_out
            self._judge({n: rest[n] for n in looked}, looked)
            if self._failed:
                raise self._failed[0]
        finally:
            self._remember()

    def _in_turn(self, pulls: Mapping[int, Pull]) -> dict[int, Pull]:
        """Those first that nobody has looked at: main may move on before every sweep."""
        left = self.before.left
        order = sorted(pulls, key=lambda number: (left.get(number) == pulls[number].seen, number))
        return {number: pulls[number] for number in order}

    def _judge(self, pulls: Mapping[int, Pull], found: Mapping[int, Found]) -> None:
        for number, pull in sorted(pulls.items()):
            judged = verdict(pull, found[number])
            if not judged.is_merged:
                self._left[number] = pull.seen
                continue
            try:
                self._merged(pull, found[number], judged)
            except _OF_ONE as fault:
                # one that the forge stumbles over is in no other's way; but it is, if there is
                # no comment any more
                if number in self.closed or len(self._failed) >= MOST_FAILED:
                    raise
                self._failed.append(fault)

    def _merged(self, pull: Pull, found: Found, judged: Verdict) -> None:
        number, place = pull.number, self.listing.place
        if any(mark(pull.head) in text for text in self.forge.comments(place, number)):
            self.mirror.say(f"pull request #{number} was opened again, and is left open")
            self._left[number] = pull.seen
        elif self.only_looks:
            self.closed[number] = judged.why
        elif self.forge.pull(place, number) != pull:
            # asked at the sweep's beginning, maybe hours ago
            self.mirror.say(f"pull request #{number} has changed meanwhile, and is left as it is")
        else:
            text = comment(found, self.mirror.upstream) + mark(pull.head)
            self._close(place, number, Closing(pull.head, text, judged.why))

    def _close(self, place: Place, number: int, closing: Closing) -> None:
        self._closing[number] = closing
        self._remember()  # before it is done: a kill must not leave one without its comment
        try:
            is_closed = self.forge.close(place, number)
        except _NOT_DONE:
            del self._closing[number]
            raise
        if is_closed:
            self._comment(place, number, closing)
        else:
            self.mirror.say(f"pull request #{number} was merged meanwhile")
        del self._closing[number]

    def _comment(self, place: Place, number: int, closing: Closing) -> None:
        self.closed[number] = closing.why
        self.mirror.say(f"closed pull request #{number}: {closing.why}")
        self.forge.say(place, number, closing.text)

    def _finish(self) -> None:
        """See that what an earlier sweep was closing has its comment."""
        place = self.listing.place
        still_open = {pull.number for pull in self.listing.pulls}
        for number, closing in sorted(self._closing.items()):
            if number not in still_open and self._lacks_comment(place, number, closing):
                self._comment(place, number, closing)
            # what is open still was not closed, and is judged as any other
            del self._closing[number]

    def _lacks_comment(self, place: Place, number: int, closing: Closing) -> bool:
        try:
            pull = self.forge.pull(place, number)
            if pull.is_open or pull.is_merged:
                return False
            return not any(mark(closing.head) in t for t in self.forge.comments(place, number))
        except MissingFault:
            return False  # somebody has removed it

    def _remember(self) -> None:
        left, closing = dict(self._left), dict(self._closing)
        looked = Looked(self.mirror.url, self.mirror.main, left, closing)
        if not self.only_looks and looked != self.before:
            self.remember(looked)
            self.before = looked


def _looked(look: Look, pulls: Mapping[int, Pull]) -> dict[int, Found]:
    """What git has to say of their heads; it is not asked about none."""
    return look({number: pull.head for number, pull in pulls.items()}) if pulls else {}
