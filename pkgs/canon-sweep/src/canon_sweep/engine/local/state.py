"""What the local engine remembers of a stack: ``stacks/<stack>/state.json``.

A stack's folder without the file is a deploy that died before anything ran.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec
from msgspec.structs import replace

from canon_sweep.engine.local.plan import Ready
from canon_sweep.engine.local.process import Identity
from canon_sweep.errors import HostFault, StateFault
from canon_sweep.state import files

# more than any number of services has to say
_LONGEST = 64 * 1024 * 1024


class Running(msgspec.Struct, frozen=True):
    """A started service.  ``log_from`` is where this start's part of its log begins.

    ``ports`` has the loopback port by the port of the container.
    """

    identity: Identity
    environment: dict[str, str]
    ports: dict[int, int]
    ready: Ready | None
    log_from: int


class Deployment(msgspec.Struct, frozen=True):
    """A deployed version, and the commands that are being executed in it."""

    version: str
    services: dict[str, Running]
    commands: tuple[Identity, ...] = ()

    @property
    def identities(self) -> tuple[Identity, ...]:
        """Every process that must have ended before the stack is gone."""
        return (*(running.identity for running in self.services.values()), *self.commands)

    @property
    def ports(self) -> tuple[int, ...]:
        """The loopback ports of all services."""
        running = self.services.values()
        return tuple(port for service in running for port in service.ports.values())

    def with_command(self, identity: Identity) -> Deployment:
        """The same with one more command at work."""
        return replace(self, commands=(*self.commands, identity))


def load(folder: Path) -> Deployment | None:
    """Read a stack's record, or None if nothing was ever started in this folder.

    Raises:
        HostFault: the record cannot be read.
    """
    path = folder / "state.json"
    try:
        return msgspec.json.decode(_content(path), type=Deployment)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, *files.NOT_READ) as error:
        raise HostFault(
            f"{path} cannot be read: {error}",
            do="end the stack's processes by hand, then remove its folder",
        ) from error


def _content(path: Path) -> bytes:
    """What an app may have put there is not waited for, not followed, and not without end."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > _LONGEST:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        # no more room is asked for than it takes: a host that is short of memory has to end it too
        return file.read(size) or b""


def save(folder: Path, deployment: Deployment) -> None:
    """Replace a stack's record.

    Raises:
        HostFault: it cannot be written.
    """
    write_private(folder / "state.json", msgspec.json.encode(deployment))


def write_private(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, readable by us alone.

    Raises:
        HostFault: it cannot be written.
    """
    try:
        files.write_atomically(path, data, mode=0o600)
    except StateFault as fault:
        # the engine's own folder: for the sweep it is a part of the host
        raise HostFault(fault.what, do=fault.do) from fault
