"""Start-up stays short because nothing is imported that is not needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"pygit2", "docker", "requests", "rich", "yaml"}


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("canon_sweep.cli", set()),
        ("canon_sweep.cli.check", set()),
        ("canon_sweep.cli.status", set()),
        ("canon_sweep.cli.hold", set()),
        ("canon_sweep.cli.history", set()),
        ("canon_sweep.cli.doctor", set()),
        ("canon_sweep.cli.import_cc_ci", set()),
        ("canon_sweep.cli.run", {"pygit2", "yaml"}),
    ],
)
def test_a_command_imports_only_what_it_needs(module: str, allowed: set[str]) -> None:
    """--help imports none of the large libraries, status none but for its table."""
    program = f"import sys, {module}; print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert HEAVY & set(done.stdout.split()) <= allowed
