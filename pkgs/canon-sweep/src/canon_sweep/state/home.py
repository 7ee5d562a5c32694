"""Which canon-sweep this is: a name that everything it makes on an engine is marked with.

Several may share an engine, a demo and the host's own, say; each has records of its own,
and what no record of one names may be another's canonical.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from canon_sweep.errors import StateFault
from canon_sweep.state import files

_NAME = re.compile(rb"[0-9a-f]{16}\n?")


class Home(msgspec.Struct, frozen=True):
    """``home``: made once, at random; who loses it has made nothing of what there is."""

    path: Path

    def read(self) -> str:
        """The name; empty before there is one.

        Raises:
            StateFault: the file cannot be read, or is something else.
        """
        content = files.read(self.path)
        if content is None:
            return ""
        if not _NAME.fullmatch(content):
            raise StateFault(
                f"{self.path} is no name of a state folder",
                do="bring it back; or remove it, and nothing that there is now is ever pruned",
            )
        return content.decode().strip()

    def make(self) -> str:
        """The name, made now if there is none; only under the run's lock.

        Raises:
            StateFault: the file cannot be read or written, or is something else.
        """
        name = self.read()
        if not name:
            name = os.urandom(8).hex()
            files.write_atomically(self.path, f"{name}\n".encode())
        return name
