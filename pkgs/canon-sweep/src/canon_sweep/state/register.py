"""A file with one JSON object: entries by name, changed one process at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from canon_sweep.errors import StateFault
from canon_sweep.state import files, lock

Value = TypeVar("Value")


def read(
    path: Path,
    decoder: msgspec.json.Decoder[dict[str, Value]],
    *,
    what: str,
    do: str,
    problem: Callable[[str, Value], str | None],
) -> dict[str, Value]:
    """Every entry; none if there is no file.

    An empty file is not the same as none: something has emptied it.  ``problem`` says of a
    name and its entry what is wrong with them beyond their type, or None.

    Raises:
        StateFault: the file cannot be read, or is not ``what`` it should be.
    """
    content = files.read(path)
    if content is None:
        return {}
    if not content.strip():
        raise StateFault(f"{path} is no {what}: it is empty", do=do)
    try:
        entries = decoder.decode(content)
    except files.NOT_READ as error:
        raise StateFault(f"{path} is no {what}: {error}", do=do) from None
    for name, entry in entries.items():
        why = problem(name, entry)
        if why:
            raise StateFault(f"{path} is no {what}: {why}", do=do)
    return entries


def put(path: Path, key: str, entry: msgspec.Struct, read: Callable[[], object]) -> None:
    """Put an entry in place of an earlier one, one process at a time.

    ``read`` is how the file is read: what it cannot read is not written over.

    Raises:
        StateFault: the file cannot be read or written; it is as it was.
    """
    with lock.changing(path):
        read()
        _replace(path, key, entry)


def drop(path: Path, key: str, read: Callable[[], object]) -> bool:
    """As `put`, but take an entry away; False if there was none.

    Raises:
        StateFault: as for `put`.
    """
    with lock.changing(path):
        read()
        return _replace(path, key, None)


def _replace(path: Path, key: str, entry: msgspec.Struct | None) -> bool:
    """Put an entry, or drop it; all others stay as they are, with what we do not know of them."""
    content = files.read(path)
    entries = {} if content is None else msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    if entry is None and key not in entries:
        return False
    if entry is None:
        del entries[key]
    else:
        entries[key] = msgspec.Raw(msgspec.json.encode(entry))
    write(path, entries)
    return True


def write(path: Path, entries: Mapping[str, object]) -> None:
    """Replace the whole file; the caller holds its lock.

    Raises:
        StateFault: it cannot be written; it is as it was.
    """
    text = msgspec.json.encode(entries, order="deterministic")
    files.write_atomically(path, msgspec.json.format(text, indent=2) + b"\n")
