"""Text from upstreams and servers, as long as a file may be: read in a time that grows with it."""

from __future__ import annotations

import subprocess
import sys

import pytest

# seconds of the processor's; what tries each place against each takes minutes of them
ENOUGH = 20

INTERPOLATED = "from canon_sweep.core.interpolation import interpolate, variables\n"
READERS = {
    "variables": INTERPOLATED + "variables(text)",
    "interpolate": INTERPOLATED + "interpolate('x' + text + '${z}', {}, 'a file')",
    "redacted": "from canon_sweep.core.address import redacted; redacted(text)",
    "marks": (
        "from canon_sweep.engine.local.plan import Spec, _ports\n"
        "_ports(Spec(command=[text]), 'a file')"
    ),
    "shell": "from canon_sweep.core import abrash; abrash.read('abra.sh', text)",
    "env": (
        "from canon_sweep.core import envfile\n"
        "envfile.read('.env.sample', text, fixed={}, initial={})"
    ),
    "task": (
        "from canon_sweep.engine.swarm import failure, room\n"
        "failure._OF_HOST.search(text); room._NO_ROOM.search(text)"
    ),
}


@pytest.mark.parametrize(
    ("reader", "unit"),
    [
        ("variables", "${a:-"),
        ("variables", "$a:-"),
        ("interpolate", "${a:-"),
        ("interpolate", "$ "),
        ("redacted", "/"),
        ("redacted", "//@"),
        ("marks", "{ports."),
        ("shell", "$'\\\\'"),
        ("shell", "0"),
        ("env", "A='"),
        ("env", " \t"),
        ("task", "network "),
        ("task", "port "),
    ],
)
def test_a_million_characters_are_read_at_once(reader: str, unit: str) -> None:
    """Whatever they are: one recipe, or one server, cannot keep the others waiting."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_CPU, ({ENOUGH}, {ENOUGH}))"
    program = f"{limit}\ntext = {unit!r} * (1_000_000 // {len(unit)})\n{READERS[reader]}"

    subprocess.run([sys.executable, "-c", program], check=True)
