"""Where the program begins: signals are taken over before anything that takes its time.

An import that is interrupted may be half done, or swallow the interruption: while the
rest is imported a signal is only noted, and told when a command begins.
"""

from __future__ import annotations

import gc
from typing import NoReturn

from canon_sweep import interrupt


def main() -> NoReturn:
    """Run the command line and exit."""
    interrupt.install()
    try:
        with interrupt.Held():
            # what an import makes stays: `cli` looks for garbage again as soon as all is there
            gc.disable()
            from canon_sweep import cli  # noqa: PLC0415 - this is what takes its time

            cli.main()
    finally:
        # the interpreter, as it ends, gives the others their default action back
        interrupt.ignore()
        # nothing is looked at for garbage any more: all of it goes with the process
        gc.freeze()
