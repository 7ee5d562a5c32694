"""Reads cc-ci's ``results.json``, schema 2.

Its keys are on record, the form of what they hold only in part: a rung's status is a word;
where the reasons of skips and the seconds of stages stand is read in each form that would do.
What is of any other form is not understood, and so not believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from canon_sweep.core.result import Tier
from canon_sweep.core.testimony import Said, Testimony, TierSaid

FORMAT = "cc-ci-2"
SCHEMA = 2
RUNGS = (Tier.INSTALL, Tier.UPGRADE, Tier.BACKUP, Tier.RESTORE, Tier.CUSTOM)
"""The stages of that harness, in the order in which they run."""
_SAID = {"pass": Said.PASS, "fail": Said.FAIL, "skip": Said.NA, "unver": Said.UNKNOWN}
_REASONS = ("reason", "detail", "message", "error")
_NAMES = ("rung", "tier", "stage", "name")
_SECONDS = ("seconds", "duration", "elapsed")
_DECLARED = "declared"
_KINDS = (_DECLARED, "structural")
_MOST_SECONDS = 366 * 86400.0


def read(content: bytes) -> Testimony:
    """What a file says.

    Raises:
        ValueError: it is not of this form; the text says where.
    """
    told = msgspec.json.decode(content)
    if not isinstance(told, dict):
        raise ValueError("expected an object")
    if told.get("schema") != SCHEMA:
        raise ValueError(f"schema: expected {SCHEMA}")
    return Testimony(
        recipe=_text(told, "recipe", needed=True),
        run=_text(told, "run_id", needed=True),
        tiers=tuple(_tiers(told)),
        promised=RUNGS,
        ref=_text(told, "ref"),
        version=_text(told, "version"),
        cold=not _is_quick(told),
        base=_base(told),
        ended=_time(told.get("finished")),
    )


def _text(told: Mapping[str, Any], key: str, *, needed: bool = False) -> str:
    value = told.get(key)
    # a build's number may be one
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value):
        raise ValueError(f"{key}: expected a text")
    return value


def _tiers(told: Mapping[str, Any]) -> Iterator[TierSaid]:
    rungs = _by_name(told.get("rungs"), "rungs")
    skips = _by_name(told.get("skips") or {}, "skips")
    stages = _by_name(told.get("stages") or {}, "stages")
    for tier in RUNGS:
        if tier not in rungs:
            continue
        word = rungs[tier]
        word = word.get("status") if isinstance(word, dict) else word
        if not isinstance(word, str) or word not in _SAID:
            raise ValueError(f"rungs.{tier}: expected one of {', '.join(_SAID)}")
        skip = skips.get(tier)
        places = (skip, stages.get(tier), rungs[tier]) if word == "skip" else (stages.get(tier),)
        yield TierSaid(
            tier,
            _SAID[word],
            reason=next(filter(None, map(_reason, (*places, rungs[tier]))), ""),
            seconds=_seconds(stages.get(tier)),
            structural=not any(each.lower().startswith(_DECLARED) for each in _words(skip)),
        )


def _by_name(value: object, key: str) -> dict[str, Any]:
    """A table by names, whether it is one or a list of entries that have them."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        raise ValueError(f"{key}: expected an object or a list")
    found: dict[str, Any] = {}
    for each in value:
        # a bare name says that it was one of them, and no more
        entry = {"name": each} if isinstance(each, str) else each
        name = next((entry[k] for k in _NAMES if k in entry), "") if isinstance(entry, dict) else ""
        if not isinstance(name, str) or not name or name in found:
            raise ValueError(f"{key}: expected entries with a name each, and each once")
        found[name] = entry
    return found


def _reason(place: object) -> str:
    if isinstance(place, dict):
        return next((place[k] for k in _REASONS if isinstance(place.get(k), str)), "")
    # a status is no reason for itself
    return place if isinstance(place, str) and place not in (*_SAID, *_KINDS) else ""


def _words(place: object) -> frozenset[str]:
    if isinstance(place, dict):
        return frozenset(value for value in place.values() if isinstance(value, str))
    return frozenset([place]) if isinstance(place, str) else frozenset()


def _seconds(stage: object) -> float:
    for key in _SECONDS:
        value = stage.get(key) if isinstance(stage, dict) else None
        if isinstance(value, int | float) and 0 <= value <= _MOST_SECONDS:
            return float(value)
    return 0.0


def _is_quick(told: Mapping[str, Any]) -> bool:
    flags = told.get("flags")
    if isinstance(flags, dict):
        return any(value and "quick" in str(key).lower() for key, value in flags.items())
    return isinstance(flags, list) and any("quick" in str(flag).lower() for flag in flags)


def _base(told: Mapping[str, Any]) -> str | None:
    results = told.get("results")
    base = told.get("base") or (results.get("base") if isinstance(results, dict) else None)
    return base if isinstance(base, str) and base else None


def _time(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        found = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except (ValueError, OverflowError, OSError):
        raise ValueError("finished: expected a time") from None
    # a host of its own has its clocks in UTC
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
