"""What the configuration says of the disk, and cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from canon_sweep.core import names
from canon_sweep.settings.records import Settings
from canon_sweep.settings.size import size
from canon_sweep.settings.values import Bytes

_HERE = "unix://"


def disk_problems(tree: Mapping[str, Any]) -> Iterator[str]:
    """Bounds that contradict each other, and those of a disk that nobody here can see."""
    disk = tree.get("disk")
    if not isinstance(disk, dict):
        return
    floor, min_free = _read(disk.get("floor")), _read(disk.get("minFree"))
    if floor is not None and min_free is not None and floor > min_free:
        yield (
            "disk.floor: more than disk.minFree, so that a test could be ended where it was"
            " let begin; set it lower"
        )
    host = _remote(tree)
    for key in ("minFree", "floor"):
        if host and key in disk:
            yield (
                f"disk.{key}: the disk of {names.printable(host)} cannot be seen from this"
                " machine; leave it out, and run canon-sweep beside that engine to have it"
            )


def _read(value: object) -> Bytes | None:
    # what is no size is told by its own key
    with suppress(ValueError):
        return size(value)
    return None


def _remote(tree: Mapping[str, Any]) -> str:
    """The engine's host, if it is another machine."""
    swarm = tree.get("swarm")
    host = swarm.get("host") if isinstance(swarm, dict) else None
    is_swarm = tree.get("engine", Settings().engine) == "swarm"
    return host if is_swarm and isinstance(host, str) and not host.startswith(_HERE) else ""
