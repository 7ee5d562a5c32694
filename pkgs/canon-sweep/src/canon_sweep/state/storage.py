"""Whose fault it is that a file of the state folder cannot be read or written: this host's."""

from __future__ import annotations

from canon_sweep.core import denial
from canon_sweep.errors import StorageFault


def unmade(setting: str, hindrance: tuple[str, str]) -> StorageFault:
    """The fault of a folder of the settings that cannot be made, with `folders.hindrance`."""
    what, do = hindrance
    return StorageFault(f"{setting}: {what}", do=do)


def denied(what: str, error: OSError, *, do: str = "") -> StorageFault:
    """The fault of a file that the kernel does not let be used, with what it says and a remedy."""
    why = error.strerror or str(error)
    return StorageFault(f"{what}: {why}", do=do or denial.remedy(error.errno))
