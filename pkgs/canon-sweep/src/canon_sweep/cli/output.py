"""Standard output and error that nothing can be lost by.

A job that is at work for hours must not end because nobody reads its progress, nor
its exit code change because a terminal cannot show a letter.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from typing import TextIO

from canon_sweep.errors import EXIT_WRONG, Fault, SettingsFault

# seconds for which a line of talk waits for its reader
PATIENCE = 5


class OutputFault(Fault):
    """A result could not be printed; it is in the state folder."""

    code = "output"


def prepare() -> None:
    """Make both outputs usable: open, and able to show any text."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        else:
            stream.reconfigure(errors="backslashreplace")


def talk(text: str) -> None:
    """Print to stderr if anybody listens; who does not read for a while gets no more.

    A paused terminal, or a pipe that nobody empties, must not hold up the run.
    """
    if not _has_room(sys.stderr):
        _silence(sys.stderr)
    try:
        # at once: `print` writes the end of the line by itself, and who reads is woken twice
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)


def _has_room(stream: TextIO) -> bool:
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return True  # no file: nothing that could be full
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(PATIENCE * 1000))


def result(text: str) -> None:
    """Print to stdout.

    A reader that has seen enough (``| head``) is no fault.

    Raises:
        OutputFault: it cannot be written, e.g. to a full disk.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        _silence(sys.stdout)
        raise OutputFault(f"the result cannot be printed: {error.strerror}") from error


def parting(stopped: str, *, as_json: bool) -> None:
    """Say that a command was stopped before it had anything to tell, as `complain` does."""
    talk(f"canon-sweep: {stopped}")
    if as_json:
        _error({"code": "stopped", "what": stopped, "do": ""}, EXIT_WRONG)


def complain(fault: Fault, *, as_json: bool) -> None:
    """Say what ends a command: one line of talk, with ``as_json`` an object on stdout too."""
    talk(f"canon-sweep: error {fault.code}: {fault}")
    if as_json:
        error: dict[str, object] = {"code": fault.code, "what": fault.what, "do": fault.do}
        if isinstance(fault, SettingsFault):
            error["problems"] = fault.problems
        _error(error, fault.exit_code)


def _error(error: dict[str, object], exit_code: int) -> None:
    with contextlib.suppress(OutputFault):  # it is said already
        result(json.dumps({"error": error, "exit_code": exit_code}, indent=2))


def _silence(stream: TextIO) -> None:
    # the interpreter flushes it once more at its end, and must not complain then
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
