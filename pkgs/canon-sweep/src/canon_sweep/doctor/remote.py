"""A recipe's two remotes: what each says of itself, and in what the mirror differs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from canon_sweep.core.address import read_address
from canon_sweep.core.checkup import Check, fail, ok, unknown, warn
from canon_sweep.core.count import counted
from canon_sweep.core.lag import Lag, lag
from canon_sweep.core.loss import loss
from canon_sweep.core.names import plain
from canon_sweep.errors import Fault, SyncFault
from canon_sweep.mirror import stray
from canon_sweep.mirror import upstream as upstreams
from canon_sweep.mirror.address import redacted
from canon_sweep.mirror.advertisement import Advertisement
from canon_sweep.mirror.deadline import Deadline
from canon_sweep.mirror.disk import DiskFault
from canon_sweep.mirror.moved import moved_to
from canon_sweep.mirror.refs import MAIN, named_tags
from canon_sweep.mirror.upstream import Upstream
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import Settings

OF_MIRROR = frozenset({"mirror", "mirror.push", "mirror.step"})
"""What of `Sides.checks` no mirror can pass that is not there yet."""
_SECONDS = 10.0

Told = Advertisement | Fault
"""What a remote said of itself, or why it did not."""


def moved_checks(settings: Settings, recipe: Recipe) -> Iterator[Check]:
    """Of each remote that its server has at another place now; one that was not read is no move."""
    own = recipe.settings
    for role, url in (("upstream", own.upstream), ("mirror", own.mirror)):
        found = moved_to(read_address(url), settings.login(url), Deadline(_SECONDS))
        if found:
            what = f"it has moved, and is followed there: {redacted(found)}"
            yield warn(f"{role}.moved", what, f"set the recipe's {role} to that URL")


class UnseenFault(Fault):
    """Nobody has asked, so that nobody can tell."""


class Sides(msgspec.Struct, frozen=True):
    """What a recipe's remotes said: ``push`` is the mirror, asked as before a push."""

    recipe: str
    branch: str | None
    upstream_url: str
    mirror_url: str
    upstream: Told
    mirror: Told
    push: Told

    def checks(self) -> Iterator[Check]:
        """What that means."""
        wanted = self._wanted()
        yield self._upstream(wanted)
        yield from self._mirror()
        yield self._push()
        if isinstance(wanted, Upstream) and isinstance(self.mirror, Advertisement):
            yield from self._in_step(wanted, self.mirror)
        else:
            step = "mend what keeps upstream or mirror from being read"
            yield unknown("mirror.step", "whether it is in step: both have to be read", step)

    @property
    def lag(self) -> Lag | None:
        """In what the mirror differs; None if one of both could not be read."""
        wanted = self._wanted()
        if isinstance(wanted, Fault) or isinstance(self.mirror, Fault):
            return None
        return _lag(wanted, self.mirror)

    def _wanted(self) -> Upstream | Fault:
        if isinstance(self.upstream, Fault):
            return self.upstream
        try:
            return upstreams.of(self.upstream, redacted(self.upstream_url), self.branch)
        except SyncFault as fault:
            return fault

    def _upstream(self, wanted: Upstream | Fault) -> Check:
        if isinstance(wanted, Fault):
            return _faulted("upstream", wanted)
        what = f"{plain(wanted.branch)} is at {wanted.main[:12]}"
        found = f"{redacted(self.upstream_url)} can be read: {what}, {_count(len(wanted.tags))}"
        if wanted.head not in ("", wanted.branch):
            found += f"; its default branch is {plain(wanted.head)}"
        return ok("upstream", found)

    def _mirror(self) -> Iterator[Check]:
        told, shown = self.mirror, redacted(self.mirror_url)
        if isinstance(told, Fault):
            yield _faulted("mirror", told)
            return
        if not told.refs:
            yield ok("mirror", f"{shown} can be read: it is empty, and the next sweep fills it")
            return
        yield ok("mirror", f"{shown} can be read: {_count(len(named_tags(told.refs)))}")
        if told.head and told.head != MAIN:
            branch = plain(told.head.removeprefix("refs/heads/"))
            found = f"its default branch is {branch}, and only main follows upstream"
            yield warn("mirror.head", found, "make main the default branch of the mirror")

    def _push(self) -> Check:
        if isinstance(self.push, Fault):
            return _faulted("mirror.push", self.push)
        found = "lets us push, as far as it says before a push; hooks and protections speak later"
        return ok("mirror.push", f"{redacted(self.mirror_url)} {found}")

    def _in_step(self, wanted: Upstream, told: Advertisement) -> Iterator[Check]:
        found = _lag(wanted, told)
        # whether both share a history only objects could tell, and none is fetched here
        why = loss(named_tags(told.refs), wanted.tags, related=True)
        if why is not None:
            step = f"if it is meant, allow it once: canon-sweep run {self.recipe} --accept-upstream"
            yield fail("mirror.step", f"upstream may not be what it was: {why}", step)
        elif found.is_none:
            yield ok("mirror.step", found.sentence)
        else:
            yield ok("mirror.step", f"{found.sentence}; the next sweep brings it in step")
        blocked = stray.in_the_way(told.strays, wanted.refs)
        for ref, by in sorted(blocked.items())[:1]:
            what = f"{stray.shown(ref)} cannot be pushed beside the tag {stray.shown(by)}"
            yield warn("mirror.strays", what, "remove that tag from the mirror")


def _lag(wanted: Upstream, told: Advertisement) -> Lag:
    return lag(wanted.main, wanted.tags, told.refs.get(MAIN), named_tags(told.refs))


def _faulted(subject: str, fault: Fault) -> Check:
    if isinstance(fault, DiskFault | UnseenFault):
        return unknown(subject, fault.what, fault.do)
    return fail(subject, fault.what, fault.do)


def _count(number: int) -> str:
    return counted(number, "tag")
