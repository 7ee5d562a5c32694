"""Debian trixie as a root folder: a Docker that is newer than the host's, and test machines.

It is made once, in under a minute, and kept outside the tree (`cached`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import cached

SUITE = "trixie"
_PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "udev", "kmod"),
    *("docker.io", "docker-cli", "iptables"),
    *("git", "python3", "python3-venv", "ca-certificates"),
    *("busybox-static", "curl", "iproute2", "procps"),
)
_LEFT_OUT = ("man", "locale", "doc")
# a machine starts what it is told to, and makes its own id
_IN_THE_ROOT = (
    'systemctl --root="$1" disable --quiet docker.service docker.socket containerd.service',
    'rm -f "$1"/etc/machine-id "$1"/etc/resolv.conf && touch "$1"/etc/machine-id',
    'echo machine >"$1"/etc/hostname',
)


class CannotMake(Exception):
    """Why there can be no such folder on this machine."""


def root(suite: str = SUITE) -> Path:
    """The root folder of a suite.

    Raises:
        CannotMake: it cannot be made here.
    """
    return cached.folder(
        f"root-{suite}",
        repr(_command(suite, "")),
        lambda folder: bootstrap(*_command(suite, str(folder))),
    )


def environment() -> Mapping[str, str]:
    """The environment of whoever makes a root: ours, but what it says to this Python.

    A root's own Python would leave out its bytecode, or have it where no machine looks.
    """
    return {name: said for name, said in os.environ.items() if not name.startswith("PYTHON")}


def bootstrap(*words: str) -> None:
    """Run mmdebstrap.

    Raises:
        CannotMake: it is not there, or has failed.
    """
    if shutil.which("mmdebstrap") is None:
        raise CannotMake("Debian's root folder needs mmdebstrap")
    done = subprocess.run(
        ["mmdebstrap", "--quiet", "--mode=root", *words],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CannotMake(f"mmdebstrap cannot make a root folder: {done.stderr[-500:]}")


def _command(suite: str, folder: str) -> list[str]:
    return [
        "--variant=minbase",
        f"--include={','.join(_PACKAGES)}",
        '--aptopt=APT::Install-Recommends "false"',
        # a mirror may have an older state of a suite than the suite's own clock allows
        '--aptopt=Acquire::Check-Valid-Until "false"',
        *(f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in _LEFT_OUT),
        *(f"--customize-hook={line}" for line in _IN_THE_ROOT),
        suite,
        folder,
    ]
