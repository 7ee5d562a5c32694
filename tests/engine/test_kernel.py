"""What the kernel is asked of the host's processes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from canon_sweep.engine.local import kernel


def test_a_look_at_the_host_leaves_no_program_out() -> None:
    """Those that run anyway are half of what there is to see; what runs in a stack is a program."""
    with subprocess.Popen(["sleep", "60"]) as program:
        try:
            numbers = set(kernel.numbers())
        finally:
            program.kill()

    assert {os.getpid(), os.getppid(), program.pid} <= numbers


def test_a_look_at_the_host_leaves_out_nothing_but_the_kernels_own() -> None:
    """Whoever is not looked at has no program, and never had one."""
    everybody = {int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()}

    left_out = everybody - set(kernel.numbers())

    programs = {each for each in left_out if (found := kernel.stat(each)) and found.is_program}
    assert not programs
