"""The service as the module renders it for the local engine, with mirrors in local folders."""

from __future__ import annotations

import pytest

from machine.container import Container
from machine.local_stories import is_whole, local_day
from machine.test_faults import SERVICE, plant

pytestmark = pytest.mark.machine


def test_a_machine_without_docker_sweeps(local_node: Container) -> None:
    """The timer fires, the recipe's program runs as the service's child, and is promoted."""
    operator, notes = local_day(local_node)

    assert operator.night().verdict("notes") == "promoted"
    notes.publishes("1.1.0+1.1.0")
    assert operator.night().verdict("notes") == "promoted"

    is_whole(operator, "1.1.0+1.1.0")
    # whom the mirror is for can read all that was pushed: no umask of the service's hides it
    as_another = "runuser -u git -- git -c safe.directory='*' -C /srv/git/mirror/notes"
    local_node.succeed(f"{as_another} cat-file -e 1.1.0+1.1.0", f"{as_another} fsck --strict")
    operator.verifies()


def test_a_mirror_that_it_may_not_write_to(local_node: Container) -> None:
    """Without `ReadWritePaths=` the file system is read-only there, and the sweep says so."""
    plant(local_node, SERVICE, "ReadWritePaths=-/srv/git/mirror/notes", "")
    operator, _ = local_day(local_node)

    night = operator.night()

    assert night.result == "exit-code"
    assert night.verdict("notes") == "error/infra"
    assert night.verdict("draft") == "skip/never-released"
    assert night.says("notes", "mirror/notes"), night.journal
