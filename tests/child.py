"""Work in a process of its own, which may die at it."""

from __future__ import annotations

import logging
import os
import select
import traceback
from collections.abc import Callable

# seconds; far longer than what is forked takes to become its program
PATIENCE = 10.0


def in_child(work: Callable[[], object]) -> int:
    """Do the work in a forked child: 0, or minus the signal that it died of.

    What another thread of it had just forked has its files, and so its locks, until that is a
    program of its own: then it is over.

    Raises:
        AssertionError: the work has failed; what it said is on stderr.
    """
    over, open_there = os.pipe()
    child = forked(work)
    os.close(open_there)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    select.select([over], [], [], PATIENCE)
    os.close(over)
    assert code <= 0, "what was to be done in a child has failed"
    return code


def forked(work: Callable[[], object]) -> int:
    """Begin the work in a forked child, whose number is the answer: the caller waits for it."""
    pid = os.fork()
    if pid == 0:
        _work(work)
    return pid


def _work(work: Callable[[], object]) -> None:
    """The child's part; it does not return."""
    code = 1
    try:
        # another thread of the parent may have been writing just then: its locks stay locked
        logging.getLogger().handlers.clear()
        work()
        code = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)
