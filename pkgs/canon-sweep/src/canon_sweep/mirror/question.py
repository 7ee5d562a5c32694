"""What is asked of a remote in a survey, and what it answered, as two processes tell each other."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from pathlib import Path

import msgspec

from canon_sweep.errors import SyncFault
from canon_sweep.mirror import refusal
from canon_sweep.mirror.advertisement import Advertisement, BusyFault, RestFault
from canon_sweep.mirror.disk import DiskFault
from canon_sweep.mirror.essence import BETWEEN, Digest, joined
from canon_sweep.mirror.refusal import Role
from canon_sweep.settings.credential import Credential

# before each answer: its question's number, and when it came by this machine's monotonic clock
HEAD = struct.Struct(">Id")


class Terms(msgspec.Struct, frozen=True, array_like=True):
    """What holds for every question: logins, and how many at once, and of one server.

    ``tmp`` is for what ssh needs while it speaks.
    """

    credentials: dict[str, Credential]
    tmp: Path
    parallel: int
    per_server: int

    def encoded(self) -> bytes:
        """As it is told."""
        # a path is no text
        return msgspec.msgpack.encode(self, enc_hook=os.fsencode)

    @classmethod
    def decoded(cls, told: bytes) -> Terms:
        """As it was told."""
        return msgspec.msgpack.decode(told, type=cls, dec_hook=_path)


class Question(msgspec.Struct, frozen=True, array_like=True):
    """What one remote is to be asked, at most ``seconds`` long.

    ``known`` is a digest that was given before: where it is still right, nothing else comes;
    nor does it where only the digest is wanted, which is ``brief``.
    ``branch`` is upstream's that matters, if one is set.  With ``to_push`` it is asked as
    before a push: what is refused to whoever may only read is refused; nothing is sent.
    """

    url: str
    seconds: float
    role: Role = "upstream"
    branch: str | None = None
    known: Digest = b""
    to_push: bool = False
    brief: bool = False


class Broken(msgspec.Struct, frozen=True, array_like=True):
    """A fault of a remote, as another process can be told it.

    ``late`` is one that was ended at its deadline, or not asked because its server lets all
    others wait.  ``crowded`` is one of a server that says itself that it is busy.
    """

    kind: str
    what: str
    do: str
    late: bool = False
    crowded: bool = False

    def fault(self) -> SyncFault:
        """The fault that it was."""
        return _KINDS.get(self.kind, SyncFault)(self.what, do=self.do)


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What a remote said; ``digest`` is of what matters of it.

    ``listed`` is the advertisement, empty where ``same`` says that it is what was known, and
    where nobody wanted it;
    ``traceback`` is of a mistake of our own.
    """

    digest: Digest = b""
    same: bool = False
    listed: bytes = b""
    broken: Broken | None = None
    traceback: str = ""

    @property
    def is_busy(self) -> bool:
        """Whether the server had no time for this one, and may have it a moment later."""
        fault = self.broken
        return fault is not None and fault.kind == BusyFault.__name__ and fault.crowded

    @property
    def wants_rest(self) -> bool:
        """Whether the server is not to be asked anything now."""
        return self.broken is not None and self.broken.kind == RestFault.__name__

    @property
    def told(self) -> Advertisement:
        """The advertisement.

        Raises:
            SyncFault: there is none.
        """
        if self.broken is not None:
            raise self.broken.fault()
        head, *words = self.listed.decode("utf-8", "surrogateescape").split(BETWEEN)
        count = int(words[0])
        refs = dict(zip(words[1 : 1 + count], words[1 + count : 1 + 2 * count], strict=True))
        rest = words[1 + 2 * count :]
        half = len(rest) // 2
        return Advertisement(refs, head or None, dict(zip(rest[:half], rest[half:], strict=True)))


_KINDS: Mapping[str, type[SyncFault]] = {
    kind.__name__: kind for kind in (SyncFault, BusyFault, RestFault, DiskFault)
}


def broken(fault: SyncFault, *, late: bool = False) -> Broken:
    """A fault, to be told."""
    crowded = refusal.is_crowded(fault.what)
    return Broken(type(fault).__name__, fault.what, fault.do, late, crowded)


def _path(kind: type, told: bytes) -> object:
    return kind(os.fsdecode(told))


def listed(told: Advertisement) -> bytes:
    """An advertisement, to be told; `Answer.told` has it again."""
    refs, strays = told.refs, told.strays
    words = (told.head or "", str(len(refs)), *refs, *refs.values(), *strays, *strays.values())
    return joined(words)
