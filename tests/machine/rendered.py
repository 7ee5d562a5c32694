"""The texts that the NixOS module renders, on the disk of a machine without Nix.

A store path in them is a name between two ``@``; each stands for a place on the disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from machine.layers import HOME

_KEPT = Path(__file__).resolve().parents[2] / "nixos-tests/rendered"
_PLACES = {"@canon-sweep@": HOME}
_NAME = re.compile(r"@[\w.+-]+@")
_FOLDERS = {
    "systemd": "etc/systemd/system",
    "sysusers.d": "etc/sysusers.d",
    "tmpfiles.d": "etc/tmpfiles.d",
    "bin": "usr/local/bin",
    ".": "etc/canon-sweep",
}


def install(host: str, disk: Path) -> None:
    """Put a host's units, users, configuration and command where its systemd finds them."""
    for path, text in _texts(host):
        target = disk / _FOLDERS[str(path.parent)] / path.name
        write(target, text, program=path.parent.name == "bin")
        if path.parent.name == "systemd":
            enable(disk, path.name, text)


def write(path: Path, text: str, *, program: bool = False) -> None:
    """Write a file and the folders above it; everybody may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755 if program else 0o644)


def enable(disk: Path, unit: str, text: str) -> None:
    """Let a unit be started by those that its text names, as `systemctl enable` does."""
    units = disk / "etc/systemd/system"
    for line in re.findall(r"^WantedBy=(.*)$", text, re.MULTILINE):
        for other in line.split():
            wants = units / f"{other}.wants"
            wants.mkdir(parents=True, exist_ok=True)
            (wants / unit).symlink_to(f"../{unit}")


def _texts(host: str) -> Iterator[tuple[Path, str]]:
    folder = _KEPT / host
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield (
                path.relative_to(folder),
                _NAME.sub(lambda name: _PLACES[name[0]], path.read_text()),
            )
