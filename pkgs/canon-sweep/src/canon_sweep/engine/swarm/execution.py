"""A command in a running container, and how it ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import docker.errors

from canon_sweep.engine.swarm.trouble import told
from canon_sweep.errors import RecipeFault
from canon_sweep.process import Completed

MAX_OUTPUT = 16 * 1024 * 1024

# the engine's own words in place of a command's output
_NO_PROGRAM = (
    r"(?is)\s*(?:OCI runtime exec failed|(?:crun|runc): ).*"
    r"(?:executable file not found|no such file or directory)"
)


def run(client: Any, container: str, command: Sequence[str]) -> Completed:
    """Run a command in a container.  Not bounded in time.

    A missing program answers 127, whatever this engine's version says of it.

    Raises:
        RecipeFault: the container has just ended.
        docker.errors.APIError: the engine failed.
    """
    output = bytearray()
    try:
        started = client.exec_create(container, list(command))["Id"]
        for chunk in client.exec_start(started, stream=True):
            output += chunk[: MAX_OUTPUT - len(output)]
        code = client.exec_inspect(started)["ExitCode"]
    except docker.errors.APIError as error:
        if error.status_code == 400:  # newer engines' word for a missing program
            return Completed(127, told(error))
        if error.is_client_error():
            raise RecipeFault(f"{command[0]} cannot be run: {told(error)}") from error
        raise
    said = output.decode("utf-8", "replace")
    if code is None:
        raise RecipeFault(f"{command[0]} was cut off: its container has just ended")
    return Completed(127 if _is_missing(int(code), said) else int(code), said)


def _is_missing(code: int, said: str) -> bool:
    """Whether the engine, not the command, says that there is no such program."""
    return code in (126, 127) and re.match(_NO_PROGRAM, said[:2000]) is not None
