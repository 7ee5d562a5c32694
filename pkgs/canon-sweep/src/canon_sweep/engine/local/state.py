"""What the local engine remembers of a stack: ``stacks/<stack>/state.json``.

A stack's folder without the file is a deploy that died before anything ran.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from canon_sweep.engine.local.plan import Ready
from canon_sweep.engine.local.process import Identity
from canon_sweep.errors import HostFault


@dataclass(frozen=True, slots=True)
class Running:
    """A started service.  ``log_from`` is where this start's part of its log begins.

    ``ports`` has the loopback port by the port of the container.
    """

    identity: Identity
    environment: dict[str, str]
    ports: dict[int, int]
    ready: Ready | None
    log_from: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployed version, and the commands that are being executed in it."""

    version: str
    services: dict[str, Running]
    commands: tuple[Identity, ...] = field(default=())

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
        return msgspec.json.decode(path.read_bytes(), type=Deployment)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise HostFault(
            f"{path} cannot be read: {error}",
            do="end the stack's processes by hand, then remove its folder",
        ) from error


def save(folder: Path, deployment: Deployment) -> None:
    """Replace a stack's record.

    Raises:
        HostFault: it cannot be written.
    """
    write_private(folder / "state.json", msgspec.json.encode(deployment))


def write_private(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, readable by us alone.

    Survives a kill at any point and, with fsync, a power loss.

    Raises:
        HostFault: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise HostFault(f"{path} cannot be written: {error.strerror}") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
