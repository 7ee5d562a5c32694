"""Files that are whole at every instant; lines are JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from canon_sweep.errors import StateFault


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Replace a file so that a crash leaves the old content or the new, never less.

    The draft is flushed before it takes the name, and the folder after it.  What
    is promised ends with the disk's own honesty about flushing.

    Raises:
        StateFault: the file cannot be written; the old one is still there.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise StateFault(f"{path} cannot be written: {error.strerror}") from error


def flush_folder(folder: Path) -> None:
    """Make sure that a folder's names survive a power loss.

    Raises:
        StateFault: the disk does not say so.
    """
    try:
        _flush_folder(folder)
    except OSError as error:
        raise StateFault(f"{folder} cannot be flushed: {error.strerror}") from error


def append_line(path: Path, line: bytes) -> None:
    """Add one line of JSON to a file of lines; a line that a crash cut short is taken away first.

    Raises:
        StateFault: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        with path.open("rb+" if not is_new else "wb+") as file:
            _cut_to_whole_lines(file)
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _flush_folder(path.parent)
    except OSError as error:
        raise StateFault(f"{path} cannot be written: {error.strerror}") from error


def lines_of(path: Path) -> list[bytes]:
    """The whole lines of a file, none if it is not there.

    Raises:
        StateFault: the file cannot be read.
    """
    content = read(path) or b""
    whole = content[: _length_of_whole_lines(content)]
    return [line for line in whole.split(b"\n") if line.strip()]


def read(path: Path) -> bytes | None:
    """A file's content, or None if it is not there.

    Raises:
        StateFault: the file cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateFault(f"{path} cannot be read: {error.strerror}") from error


def _cut_to_whole_lines(file: BinaryIO) -> None:
    file.seek(0)
    content = file.read()
    length = _length_of_whole_lines(content)
    file.truncate(length)
    file.seek(length)
    if content[:length] and not content[:length].endswith(b"\n"):
        file.write(b"\n")


def _length_of_whole_lines(content: bytes) -> int:
    """The last line counts without its newline if it is whole JSON, as an editor leaves it."""
    end = content.rfind(b"\n") + 1
    try:
        msgspec.json.decode(content[end:])
    except msgspec.DecodeError:
        return end
    return len(content)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
