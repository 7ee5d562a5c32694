"""A canonical as cc-ci's own harness leaves it, in the words of the tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from canon_sweep.core.foreign import (
    Broken,
    Foreign,
    Mark,
    Meta,
    Snapshot,
    last_good_in,
    meta_in,
    record_in,
)
from core.examples import commit_of

START = datetime(2026, 6, 14, 3, 0, 0, 500_000, tzinfo=UTC)
WRITTEN = START + timedelta(minutes=20)
VOLUME = "warm-notes_ci_example_data"
TAG = "1.1.0+1"


def said(version: str = TAG, /, **changed: Any) -> bytes:
    """A file that names this release."""
    fields = {"version": version, "commit": commit_of(version), "ts": WRITTEN.isoformat()}
    return json.dumps({"recipe": "notes"} | fields | changed).encode()


def record(version: str = TAG, /, **changed: Any) -> Mark:
    """What a record says that can be read."""
    found = record_in(said(version, **{"status": "idle"} | changed), "notes")
    assert isinstance(found, Mark), found
    return found


def last_good(version: str = TAG, /, **changed: Any) -> Mark:
    """What a last_good says that can be read."""
    found = last_good_in(said(version, **changed), "notes")
    assert isinstance(found, Mark), found
    return found


def snapshot(
    version: str = TAG, /, volumes: tuple[str, ...] = (VOLUME,), **changed: Any
) -> Snapshot:
    """A snapshot with an archive of each of its volumes."""
    found = meta_in(said(version, **{"volumes": list(volumes)} | changed), "notes")
    assert isinstance(found, Meta), found
    return Snapshot(found.mark, found.volumes or (), frozenset(volumes), bytes=10 * len(volumes))


def whole(version: str = TAG) -> Foreign:
    """A canonical all of whose parts agree."""
    return Foreign("notes", record(version), last_good(version), snapshot(version))


THERE = frozenset({VOLUME})
BROKEN = Broken("it is no text")
