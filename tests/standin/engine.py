"""Where a stand-in puts volumes and stacks: in ``$STANDIN_VOLUMES`` and ``$STANDIN_STACKS``.

They are folders.  With ``STANDIN_DOCKER`` they are also on the Docker that listens there, the
stack as a service of ``STANDIN_IMAGE``.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def folder_of(volume: str) -> Path:
    """Where a volume's data is, which with Docker is a copy: its own folder is root's."""
    return Path(os.environ["STANDIN_VOLUMES"]) / volume


def make_volume(volume: str, text: str) -> None:
    """Make a volume with a token in it, or write over the token."""
    folder_of(volume).mkdir(parents=True, exist_ok=True)
    (folder_of(volume) / "token").write_text(text)
    _docker("volume", "create", volume)


def remove_volume(volume: str) -> None:
    """Remove a volume of `make_volume`."""
    (folder_of(volume) / "token").unlink()
    folder_of(volume).rmdir()
    _docker("volume", "rm", volume)


def leave_up(stack: str) -> None:
    """A stack that nobody takes down."""
    if "STANDIN_DOCKER" in os.environ:
        label = f"com.docker.stack.namespace={stack}"
        # as `docker stack deploy` labels them
        labels = ("--label", label, "--container-label", label)
        words = ("--no-resolve-image", "--quiet", "--stop-grace-period=1s", *labels)
        program = (os.environ["STANDIN_IMAGE"], "sleep", "1000")
        _docker("service", "create", *words, "--name", f"{stack}_app", *program)
    else:
        Path(os.environ["STANDIN_STACKS"], stack).mkdir(parents=True)


def go_at_once(stack: str) -> None:
    """Put a stack up and take it down, and wait for nothing.

    Its network stays, as it does when ``docker stack rm`` finds the last task still there.
    """
    if "STANDIN_DOCKER" in os.environ:
        leave_up(stack)
        label = f"com.docker.stack.namespace={stack}"
        _docker("network", "create", "--driver", "overlay", "--label", label, f"{stack}_default")
        _docker("service", "rm", f"{stack}_app")


def _docker(*words: str) -> None:
    if host := os.environ.get("STANDIN_DOCKER"):
        subprocess.run(["docker", "-H", host, *words], check=True)
