"""The values that the configuration's tables are made of."""

from __future__ import annotations

from pathlib import PosixPath
from typing import Annotated

from msgspec import Meta

Port = Annotated[int, Meta(ge=1, le=65535)]
Count = Annotated[int, Meta(ge=0, le=100)]
Priority = Annotated[int, Meta(ge=0, le=1000)]
Text = Annotated[str, Meta(min_length=1)]
Command = Annotated[tuple[str, ...], Meta(min_length=1)]


class Seconds(float):
    """A duration in seconds, written as ``"90s"``, ``"5m"``, ``"1h 30m"``, ``"6d"``."""


class Bytes(int):
    """A size in bytes, written as ``"20GiB"``, ``"500MB"``, or as a number of bytes."""


class Until(str):
    """The last day of an override, ``2027-01-31``, or the tag of the last release for it."""

    __slots__ = ()


class SecretFile(PosixPath):
    """A file with a secret: an absolute path, or the name of a credential of the service.

    systemd hands credentials over in a folder that only the service can look into, and
    that has another path in each unit.
    """

    @property
    def origin(self) -> str:
        """Where an operator changes it: a credential is a copy that nobody can write to."""
        if self.is_relative_to("/run/credentials"):
            return f"what the credential {self.name} is loaded from"
        return str(self)
