"""Who is looking: what somebody else may read and write, says nothing of the service."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from canon_sweep.core.checkup import Check, fail, unknown, warn
from canon_sweep.state.owner import command_as, other_owner, viewer


class Viewer(msgspec.Struct, frozen=True):
    """``instead`` is the command that looks as the service does; empty if this one does."""

    me: str
    owner: str
    instead: str

    @classmethod
    def of(cls, state: Path) -> Viewer:
        """Whoever runs this program, beside the owner of the state folder."""
        other, me = other_owner(state), viewer().name
        if other is None:
            return cls(me, me, "")
        return cls(me, other.name, f"type instead: {command_as(other.uid, sys.argv)}")

    @property
    def is_owner(self) -> bool:
        """Whether what we may do is what a run may do."""
        return not self.instead

    def may_read(self, file: Path) -> bool:
        """Whether we may read a file, whoever else may."""
        return os.access(file, os.R_OK)

    def checks(self) -> Iterator[Check]:
        """That it is not, if so."""
        if self.instead:
            found = f"the state belongs to {self.owner}, and you are {self.me}"
            yield warn("user", f"{found}: what files let you do says nothing of it", self.instead)

    def failed(self, subject: str, found: str, do: str) -> Check:
        """What does not work for us: a fault, if we may what the service may."""
        return fail(subject, found, do) if self.is_owner else self.unseen(subject, found)

    def unseen(self, subject: str, found: str) -> Check:
        """What only the owner can say."""
        return unknown(subject, found, self.instead)
