"""What services of the local engine said: one file a service."""

from __future__ import annotations

from pathlib import Path

MAX_LOG = 1024 * 1024
MAX_SHOWN = 600


def file_of(folder: Path, service: str) -> Path:
    """The log of a service whose name has been checked."""
    return folder / f"{service}.log"


def last_lines(folder: Path, service: str, start: int, count: int = 5) -> str:
    """The last lines that a service wrote after the offset ``start``, for one sentence."""
    text = _read(file_of(folder, service), start, MAX_SHOWN)
    shown = " | ".join(text.splitlines()[-count:])
    # a service must not be able to colour or move about on the operator's terminal
    return "".join(char if char.isprintable() else "?" for char in shown)


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
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(start, size - most))
            return file.read(most).decode("utf-8", "replace").strip("\n")
    except OSError:  # words that are lost are no reason to fail
        return ""
