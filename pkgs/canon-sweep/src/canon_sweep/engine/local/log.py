"""What services of the local engine said: one file a service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, BinaryIO

from canon_sweep import tree
from canon_sweep.engine.local import keeper

MAX_LOG = keeper.MOST_SAID
MAX_SHOWN = 600


def file_of(folder: Path, service: str) -> Path:
    """The log of a service whose name has been checked."""
    return folder / f"{service}.log"


def opened(path: Path) -> BinaryIO:
    """A log to add to; what an app has put in its place goes.

    Raises:
        OSError: it cannot be written.
    """
    if path.is_symlink() or not path.is_file():
        tree.remove(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "ab")


def last_lines(folder: Path, service: str, start: int, count: int = 5) -> str:
    """The last lines that a service wrote after the offset ``start``, for one sentence."""
    text = _read(file_of(folder, service), start, MAX_SHOWN)
    shown = " | ".join(text.splitlines()[-count:])
    # a service must not be able to colour or move about on the operator's terminal
    return "".join(char if char.isprintable() else "?" for char in shown)


def said(output: IO[bytes], most: int) -> str:
    """The last ``most`` bytes of a command's output."""
    output.seek(max(0, output.seek(0, os.SEEK_END) - most))
    return output.read(most).decode("utf-8", "replace")


def everything(folder: Path) -> str:
    """Every service's log, each line with the service's name; the last MiB of each."""
    parts: list[str] = []
    for path in sorted(folder.glob("*.log")):
        if not path.is_file() or path.is_symlink():
            continue  # none that we have made
        lines = _read(path, 0, MAX_LOG).splitlines()
        parts.extend(f"{path.stem} | {line}\n" for line in lines)
    return "".join(parts)


def _read(path: Path, start: int, most: int) -> str:
    try:
        # neither a pipe that nobody writes to is waited for, nor a link followed
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(start, size - most))
            return file.read(most).decode("utf-8", "replace").strip("\n")
    except OSError:  # words that are lost are no reason to fail
        return ""
