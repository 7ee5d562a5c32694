"""Files that are whole at every instant; lines are JSON."""

from __future__ import annotations

import logging
import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from canon_sweep.errors import StateFault
from canon_sweep.state import folders, lock, storage

_WARN = logging.getLogger(__name__)
NOT_READ = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises of content that is not what it should be."""

# bytes that a file may have got since somebody looked: then it is read in parts of these at least
_MORE = 4096
# without the number: what versions before 0.2 left, whose writers all took one name
_DRAFT = re.compile(r"\.(?P<of>.+?)(?:\.[0-9a-f]{16})?\.draft", re.DOTALL)


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace a file so that a crash leaves the old content or the new, never less.

    The draft is flushed before it takes the name, and the folder after it.  What
    is promised ends with the disk's own honesty about flushing.

    Raises:
        StateFault: the file cannot be written; the old one is still there.
    """
    try:
        folders.make(path.parent)
        draft, descriptor = _draft_of(path, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                draft.replace(path)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise
        folders.flush_names(path.parent)
    except OSError as error:
        raise storage.denied(f"{path} cannot be written", error) from error


def clear_drafts(folder: Path, of: str | None = None) -> int:
    """Remove the drafts that dead writers left in a folder, and say how many.

    A living writer holds its draft's lock, so its draft stays.  With ``of``, only
    drafts of that file: the folder may be shared with others.

    Raises:
        StateFault: a draft, which may have a secret in it, cannot be removed.
    """
    return sum(map(_cleared, _drafts(folder, of)))


def dead_drafts(folder: Path, of: str | None = None) -> tuple[Path, ...]:
    """What `clear_drafts` would remove.

    Raises:
        StateFault: the folder cannot be read.
    """
    return tuple(draft for draft in _drafts(folder, of) if not _is_alive(draft))


def _drafts(folder: Path, of: str | None) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise storage.denied(f"{folder} cannot be read", error) from error
    drafts = ((name, _DRAFT.fullmatch(name)) for name in names)
    return [folder / name for name, draft in drafts if draft and of in (None, draft["of"])]


def _is_alive(draft: Path) -> bool:
    """Whether its writer still has it, or there is no such file."""
    try:
        descriptor = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return isinstance(error, FileNotFoundError)
    try:
        is_file = not stat.S_ISDIR(os.fstat(descriptor).st_mode)
        return not (is_file and lock.is_taken(descriptor))
    finally:
        os.close(descriptor)


def append_line(path: Path, line: bytes) -> None:
    """Add one line of JSON to a file of lines; a last line that was cut short is set aside first.

    Raises:
        StateFault: the file cannot be written.
    """
    try:
        folders.make(path.parent)
        with suppress(FileNotFoundError):
            _check_plain(path, path.stat())
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "rb+") as file:
            lock.wait(descriptor, path)
            _end_last_line(file, path)
            _add(file, line + b"\n")
        if is_new:
            folders.flush_names(path.parent)
    except OSError as error:
        raise storage.denied(f"{path} cannot be written", error) from error


def append(path: Path, content: bytes) -> None:
    """Add to a file, which is made if it is not there; nothing is flushed.

    Raises:
        OSError: not all of it was written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
    finally:
        os.close(descriptor)


def lines_of(path: Path) -> list[tuple[int, bytes]]:
    """The whole lines of a file and their numbers, none if it is not there.

    Raises:
        StateFault: the file cannot be read.
    """
    lines = (read(path) or b"").split(b"\n")
    if lines[-1] and not _is_json(lines[-1]):
        del lines[-1]
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def read(path: Path) -> bytes | None:
    """A file's content, or None if it is not there.

    Raises:
        StateFault: the file cannot be read.
    """
    is_link = False
    try:
        # one look is enough of most files, and of those that are not there
        found = path.lstat()
        is_link = stat.S_ISLNK(found.st_mode)
        found = path.stat() if is_link else found
        _check_plain(path, found)
        return _content(path, found.st_size)
    except FileNotFoundError:
        if not is_link:
            return None
        # somebody keeps it elsewhere, and what it says is not known
        raise StateFault(f"{path} is a link to nothing", do="bring back what it leads to") from None
    except OSError as error:
        raise storage.denied(f"{path} cannot be read", error) from error


def set_cut_line_aside(path: Path) -> bool:
    """Move a last line that a crash cut short to ``<name>.cut``; False if there is none.

    Lines that end are never touched, whatever is in them.

    Raises:
        StateFault: the file cannot be read or written.
    """
    try:
        _check_plain(path, path.stat())
        with path.open("rb+") as file:
            lock.wait(file.fileno(), path)
            return _end_last_line(file, path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise storage.denied(f"{path} cannot be written", error) from error


def _check_plain(path: Path, found: os.stat_result) -> None:
    """Refuse what could keep whoever opens it waiting: a pipe, a socket, a device.

    Raises:
        StateFault: it is one.
    """
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise StateFault(f"{path} is no file", do="see who has put it there, and remove it")


def _content(path: Path, size: int) -> bytes:
    """All of a file that had so many bytes a moment ago."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(descriptor, size + _MORE):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _draft_of(path: Path, mode: int) -> tuple[Path, int]:
    """A draft of one's own, open and locked for as long as its writer lives."""
    while True:
        draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}.draft")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(draft, flags, mode)
        # whoever clears drafts may have been faster: then this one is no more
        if lock.is_taken(descriptor) and os.fstat(descriptor).st_nlink:
            return draft, descriptor
        os.close(descriptor)


def _cleared(draft: Path) -> int:
    try:
        descriptor = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    except OSError:
        return _removed(draft)  # a link: it has no lock, and nothing in it
    try:
        return _removed(draft) if lock.is_taken(descriptor) else 0
    finally:
        os.close(descriptor)


def _removed(draft: Path) -> int:
    try:
        draft.unlink()
    except (FileNotFoundError, IsADirectoryError):
        return 0  # it has become the file meanwhile, or was never a draft of ours
    except OSError as error:
        raise storage.denied(
            f"{draft}, left by a writer that died, cannot be removed",
            error,
            do="remove it by hand: it may have a secret in it",
        ) from error
    return 1


def _add(file: BinaryIO, content: bytes) -> None:
    """Write at the end, and flush; what a full disk leaves of it is taken back."""
    end = file.seek(0, os.SEEK_END)
    try:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            os.ftruncate(file.fileno(), end)
        raise


def _end_last_line(file: BinaryIO, path: Path) -> bool:
    """Let the file end with a whole line; True if half a line had to be set aside."""
    size = file.seek(0, os.SEEK_END)
    if not size or _tail(file, size - 1) == b"\n":
        return False
    content = _tail(file, 0)
    start = content.rfind(b"\n") + 1
    if _is_json(content[start:]):
        # whole, but without its end: as an editor leaves it
        _add(file, b"\n")
        return False
    # kept: it may be more than what a crash of ours left
    aside = path.with_name(f"{path.name}.cut")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab") as cut:
        _add(cut, content[start:] + b"\n")
    file.truncate(start)
    _WARN.warning("%s: its last line was cut short, it is in %s now", path, aside)
    return True


def _tail(file: BinaryIO, start: int) -> bytes:
    file.seek(start)
    return file.read()


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except RecursionError:
        return (
            True  # no crash of ours leaves such a line: it stays, and is told by whoever reads it
        )
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
