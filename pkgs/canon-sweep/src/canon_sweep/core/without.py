"""What would happen without an override: the same rules, asked once more as if it were gone."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec.structs import replace

from canon_sweep.core.base import Bases, bases, upgrade_na
from canon_sweep.core.decision import Facts, Policy, decide
from canon_sweep.core.override import Kind, Override


class Ground(msgspec.Struct, frozen=True):
    """What is known of a recipe whose overrides are judged.

    ``facts`` are those of a recipe that takes part, ``excepted`` is the sentence of its
    exception, if it has one in force, and ``pin`` the base that is pinned, if it is used.
    """

    facts: Facts
    policy: Policy
    now: datetime
    depth: int
    excepted: str = ""
    pin: str | None = None


def without(override: Override, ground: Ground) -> str:
    """What a sweep would do now if this override were gone; the others stay."""
    match override.kind:
        case Kind.EXCEPTION:
            return _decided(ground.facts, ground)
        case Kind.HOLD:
            if ground.excepted:
                return f"skip/excepted: {ground.excepted}"
            return _decided(replace(ground.facts, hold=None), ground)
        case Kind.PIN:
            return f"the next upgrade would start from {_start(_next(ground, pin=None))}"
        case Kind.NA:
            return f"the tier {override.subject} would be tried{_upgrade(override, ground)}"


def _decided(facts: Facts, ground: Ground) -> str:
    decision = decide(facts, ground.policy, ground.now)
    return f"{decision.code}: {decision.sentence}"


def _upgrade(override: Override, ground: Ground) -> str:
    if override.subject != "upgrade":
        return ""
    found = _next(ground, pin=ground.pin)
    na = upgrade_na(found, None)
    return f", and be N/A by itself: {na}" if na else f", from {_start(found)}"


def _next(ground: Ground, *, pin: str | None) -> Bases:
    """The bases of the next test: of the latest release, or if that is proven of the next one."""
    facts, target = ground.facts, ground.facts.releases.latest
    proven = facts.canonical.release_tag if facts.canonical else None
    if target is not None and target.tag == proven:
        target = None
    return bases(
        target.version if target else None,
        facts.canonical,
        facts.releases,
        facts.rule,
        depth=ground.depth,
        pin=pin,
        commit=target.commit if target else "",
    )


def _start(found: Bases) -> str:
    if not found.candidates:
        return f"nothing: {found.none_reason}"
    first, *rest = found.candidates
    origin = {"canonical": "the canonical ", "pin": "the pinned ", "release": ""}[first.origin]
    after = f", then {', '.join(base.tag for base in rest)}" if rest else ""
    return f"{origin}{first.tag}{after}"
