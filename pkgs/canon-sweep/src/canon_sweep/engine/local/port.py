"""Free loopback ports for the local engine."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterable
from itertools import chain

from canon_sweep.errors import HostFault

# Below the ports that the kernel gives to outgoing connections (from 32768): none
# of those can take a port before its service does, and asking a port at which
# nobody listens yet can never connect to itself.
FIRST = 20_000
LAST = 32_000

# Between finding a port and the service's taking it another engine could find it
# too.  So each is reserved by a name that one process of the host can have, and
# that is free again when that process dies.
_reserved: dict[int, socket.socket] = {}


def free(count: int, taken: Iterable[int]) -> list[int]:
    """Find and reserve ports that nobody listens at and that are not ``taken``.

    Raises:
        HostFault: there are not enough.
    """
    avoid = set(taken)
    found: list[int] = []
    first = FIRST + secrets.randbelow(LAST - FIRST)
    for port in chain(range(first, LAST), range(FIRST, first)):
        if len(found) == count:
            break
        if port not in avoid and _reserve(port):
            found.append(port)
    if len(found) < count:
        release(found)
        raise HostFault(f"no {count} free ports between {FIRST} and {LAST}")
    return found


def release(ports: Iterable[int]) -> None:
    """Let others have the ports; one that was not reserved here is no error."""
    for port in ports:
        holder = _reserved.pop(port, None)
        if holder is not None:
            holder.close()


def _reserve(port: int) -> bool:
    holder = socket.socket(socket.AF_UNIX)
    try:
        holder.bind(f"\0canon-sweep-port-{port}")
    except OSError:
        holder.close()
        return False
    if not _is_free(port):
        holder.close()
        return False
    _reserved[port] = holder
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # as servers do: a port is free although old connections to it linger
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
