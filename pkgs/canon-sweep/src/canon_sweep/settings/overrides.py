"""What is written against the rule in a recipe's settings: its records, and what is wrong there.

The plain texts of before there were ends are still taken: such an override has no end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from canon_sweep.core import names
from canon_sweep.core.override import Kind, Override, day_of
from canon_sweep.core.version import IgnoredTag, TagRule
from canon_sweep.settings.table import Table
from canon_sweep.settings.tables import key_of
from canon_sweep.settings.values import Text, Until


class Excuse(Table, frozen=True, kw_only=True):
    """Why something is not as it should be, and until when: a day, or the last release for it."""

    reason: Text
    until: Until | None = None


class Pin(Table, frozen=True, kw_only=True):
    """A base that is upgraded from before any other, why, and until when."""

    tag: Text
    reason: Text
    until: Until | None = None


Written = str | Excuse
"""An excuse, or its reason alone."""


class ExpectedNA(Table, frozen=True, kw_only=True, rename=None):
    """Tiers that do not apply to a recipe, each with the written reason."""

    custom: Text | Excuse | None = None
    backup: Text | Excuse | None = None
    restore: Text | Excuse | None = None
    upgrade: Text | Excuse | None = None
    reattach: Text | Excuse | None = None

    @property
    def reasons(self) -> dict[str, str]:
        """Why each of them does not apply, by tier."""
        return {each.subject: each.sentence for each in self.overrides}

    @property
    def overrides(self) -> tuple[Override, ...]:
        """Each of them."""
        written = msgspec.structs.asdict(self).items()
        return tuple(override_of(Kind.NA, each, tier) for tier, each in written if each)


def override_of(kind: Kind, written: Written, subject: str = "") -> Override:
    """An override as it is written."""
    if isinstance(written, str):
        return Override(kind, written, subject=subject)
    return Override(kind, written.reason, str(written.until or ""), subject)


def pin_of(written: str | Pin) -> Override:
    """A pin as it is written; a tag alone has no reason either."""
    if isinstance(written, str):
        return Override(Kind.PIN, "no reason is written", subject=written)
    return Override(Kind.PIN, written.reason, str(written.until or ""), written.tag)


def reason_in(written: object) -> str:
    """The reason that a value of the configuration gives, read or not yet; empty if it has none."""
    reason = written.get("reason") if isinstance(written, dict) else written
    return reason.strip() if isinstance(reason, str) else ""


def override_problems(at: str, body: Mapping[str, Any], rule: TagRule | None) -> Iterator[str]:
    """What is wrong with the reasons, ends and pinned tag of one recipe.

    ``rule`` is what its tags are, None if that cannot be read.
    """
    pin = body.get("upgradeBase")
    tag = pin.get("tag") if isinstance(pin, dict) else pin
    if rule is not None and isinstance(tag, str):
        read = rule.read(tag)
        if isinstance(read, IgnoredTag):
            yield f"{at}.upgradeBase: can be no release: {names.printable(tag)}: {read.reason}"
    expected = body.get("expectedNA")
    tiers = expected.items() if isinstance(expected, dict) else ()
    places = [("exception", body.get("exception")), ("upgradeBase", pin)]
    places += [(key_of("expectedNA", tier), each) for tier, each in tiers]
    for key, written in places:
        if isinstance(written, dict):
            yield from _table_problems(f"{at}.{key}", written, rule)


def _table_problems(at: str, written: Mapping[str, Any], rule: TagRule | None) -> Iterator[str]:
    reason, until = written.get("reason"), written.get("until")
    if isinstance(reason, str) and reason and not reason.strip():
        yield f"{at}.reason: says nothing"
    # a day that is written as such is one
    if not isinstance(until, str) or not until or day_of(until) or rule is None:
        return
    read = rule.order(until)
    if isinstance(read, IgnoredTag):
        told = names.printable(until)
        yield (
            f"{at}.until: {told} is neither a day, such as 2027-01-31, nor a release: {read.reason}"
        )
