"""What cc-ci's own harness keeps of a canonical: a record, and beside it what makes it one.

A record alone is none there: ``last_good`` and ``snapshot/`` have to be of the same release, and
the volumes have to exist.  All of it is somebody else's writing, and hostile until it was read
here.  Nothing of ours ever writes any of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from canon_sweep.core import names
from canon_sweep.core.moment import moment_of
from canon_sweep.core.version import MAX_TAG

RECORD = "canonical.json"
LAST_GOOD = "last_good"
META = "snapshot/meta.json"
# of a record at rest; what is said of one that is in use is not known
_STATUSES = ("", "idle")
_COMMIT = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"
_MOST_VOLUMES = 1000
_LONGEST = 200

Said = TypeVar("Said")


class Broken(msgspec.Struct, frozen=True):
    """A file that is there and cannot be read, and why."""

    why: str


class Mark(msgspec.Struct, frozen=True):
    """The release that a file names, and as far as it says so its commit and when that was.

    ``commit`` is empty and ``at`` None where it says nothing; ``remark`` is what is odd about
    it.  ``digest`` is of the whole file.
    """

    version: str
    commit: str = ""
    at: datetime | None = None
    domain: str = ""
    remark: str = ""
    digest: str = ""
    is_ours: bool = False

    @property
    def text(self) -> str:
        """The release for one line."""
        commit = f" (commit {self.commit[:12]})" if self.commit else ""
        return f"{names.plain(self.version)}{commit}"


class Snapshot(msgspec.Struct, frozen=True):
    """A copy of the volumes: what ``meta.json`` says of it, and which archives there are.

    ``volumes`` are those that it names, or else those that have an archive; ``bytes`` is what
    the archives take.
    """

    mark: Mark
    volumes: tuple[str, ...] = ()
    archives: frozenset[str] = frozenset()
    bytes: int = 0

    @property
    def without_archive(self) -> tuple[str, ...]:
        """The volumes that it names and has no copy of."""
        return tuple(sorted(set(self.volumes) - self.archives))


class Foreign(msgspec.Struct, frozen=True):
    """A recipe's folder of cc-ci's: each file as it was read, None if it is not there."""

    recipe: str
    record: Mark | Broken | None = None
    last_good: Mark | Broken | None = None
    snapshot: Snapshot | Broken | None = None


class Meta(msgspec.Struct, frozen=True):
    """What ``meta.json`` says; ``volumes`` is None where it says nothing of them."""

    mark: Mark
    volumes: tuple[str, ...] | None = None


def record_in(content: bytes, recipe: str) -> Mark | Broken:
    """What a ``canonical.json`` says; a name or commit that could be anything else is refused."""
    return _read(content, lambda fields: _record(fields, recipe, content))


def last_good_in(content: bytes, recipe: str) -> Mark | Broken:
    """What a ``last_good`` says: an object as a record has it, or just the version on a line."""
    if not content.lstrip().startswith(b"{"):
        return _line(content)
    return _read(content, lambda fields: _mark(fields, recipe, content))


def meta_in(content: bytes, recipe: str) -> Meta | Broken:
    """What a snapshot's ``meta.json`` says."""
    return _read(content, lambda fields: _meta(fields, recipe, content))


def _record(fields: dict[str, Any], recipe: str, content: bytes) -> Mark:
    status = fields.get("status", "")
    if status not in _STATUSES:
        raise ValueError(f"it has status {_shown(status)}, known is 'idle'")
    mark = _mark(fields, recipe, content)
    if not mark.commit:
        raise ValueError("it names no commit")
    return mark


def _meta(fields: dict[str, Any], recipe: str, content: bytes) -> Meta:
    given = fields.get("volumes")
    if given is None:
        return Meta(_mark(fields, recipe, content))
    if not isinstance(given, list) or len(given) > _MOST_VOLUMES:
        raise ValueError("its volumes are no list of names")
    for volume in given:
        problem = names.part_problem(_text(volume, "a volume"), "volume")
        if problem:
            raise ValueError(problem)
    return Meta(_mark(fields, recipe, content), tuple(sorted(set(given))))


def _mark(fields: dict[str, Any], recipe: str, content: bytes) -> Mark:
    own = fields.get("recipe", recipe)
    if own != recipe:
        raise ValueError(f"it is that of {_shown(own)}")
    commit = _text(fields.get("commit") or "", "its commit").lower()
    if commit and not re.fullmatch(_COMMIT, commit):
        raise ValueError(f"{_shown(commit)} is no commit")
    domain = _text(fields.get("domain") or "", "its domain")
    if domain and not names.is_domain(domain):
        raise ValueError(f"{_shown(domain)} is no domain name")
    ts = fields.get("ts")
    at = moment_of(ts)
    odd = ts is not None and at is None
    return Mark(
        version=_version(fields.get("version")),
        commit=commit,
        at=at,
        domain=domain,
        remark=f"its ts {_shown(ts)} is no moment" if odd else "",
        digest=hashlib.sha256(content).hexdigest(),
        # cc-ci's own have none
        is_ours="schema" in fields,
    )


def _line(content: bytes) -> Mark | Broken:
    try:
        lines = content.decode().split("\n")
        if any(line.strip() for line in lines[1:]):
            raise ValueError("it is neither an object of JSON nor one line")
        version = _version(lines[0].strip().strip('"'))
    except UnicodeDecodeError:
        return Broken("it is no text")
    except ValueError as error:
        return Broken(str(error))
    return Mark(version, digest=hashlib.sha256(content).hexdigest())


def _read(content: bytes, say: Callable[[dict[str, Any]], Said]) -> Said | Broken:
    try:
        fields = msgspec.json.decode(content, type=dict[str, Any])
        return say(fields)
    except (ValueError, RecursionError) as error:  # also what msgspec raises
        return Broken(names.plain(str(error))[:_LONGEST])


def _version(value: object) -> str:
    version = _text(value, "its version")
    if not version or len(version) > MAX_TAG or not (version.isascii() and version.isprintable()):
        raise ValueError(f"{_shown(version)} is no version")
    return version


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} is no text: {_shown(value)}")
    return value


def _shown(value: object) -> str:
    return names.printable(value if isinstance(value, str) else repr(value)[:80])
