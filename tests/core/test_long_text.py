"""Text from upstreams and servers, as long as a file may be: read in a time that grows with it."""

from __future__ import annotations

import re
import resource
from collections.abc import Callable

import pytest

from canon_sweep.core import abrash, envfile
from canon_sweep.core.address import redacted
from canon_sweep.core.interpolation import interpolate, variables
from canon_sweep.engine.local.plan import Spec, _ports
from canon_sweep.engine.swarm import failure, room
from child import in_child

# seconds of the processor's; what tries each place against each takes minutes of them
ENOUGH = 20


def _task(text: str) -> None:
    re.search(failure._OF_HOST, text, re.IGNORECASE)
    re.search(room._NO_ROOM, text)


READERS: dict[str, Callable[[str], object]] = {
    "variables": variables,
    "interpolate": lambda text: interpolate("x" + text + "${z}", {}, "a file"),
    "redacted": redacted,
    "marks": lambda text: _ports(Spec(command=(text,)), "a file"),
    "shell": lambda text: abrash.read("abra.sh", text),
    "env": lambda text: envfile.read(".env.sample", text, fixed={}, initial={}),
    "task": _task,
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
    text = unit * (1_000_000 // len(unit))

    def reads() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (ENOUGH, ENOUGH))
        READERS[reader](text)

    assert in_child(reads) == 0
