"""The one door to other programs.

Commands are argument vectors, never shell text, so that no text from a git
repository is ever interpreted.  The environment is given in full: a child sees
nothing of ours that it was not handed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from canon_sweep.errors import HostFault


@dataclass(frozen=True, slots=True)
class Completed:
    """What a command answered; ``output`` is stdout and stderr as they came."""

    exit_code: int
    output: str


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    timeout: float,
    cwd: Path | None = None,
) -> Completed:
    """Run a command to its end.  ``timeout`` is in seconds.

    Raises:
        HostFault: the program is missing, or took longer than ``timeout``.
    """
    try:
        done = subprocess.run(
            list(command),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise HostFault(f"{command[0]} did not end within {timeout:g} s") from error
    except OSError as error:
        raise HostFault(f"{command[0]} cannot be run: {error.strerror}") from error
    return Completed(done.returncode, done.stdout.decode("utf-8", "replace"))


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    output: IO[bytes],
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a command in a session and process group of its own and return at once.

    The child inherits the file descriptors of ``pass_fds`` and no others.

    Raises:
        OSError: the program cannot be started.
    """
    return subprocess.Popen(
        list(command),
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=tuple(pass_fds),
    )
