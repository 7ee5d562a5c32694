"""Room: beside what the settings ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from canon_sweep.core.checkup import Check
from canon_sweep.core.space import Space
from canon_sweep.doctor.disk import disk_checks
from canon_sweep.engine.local.engine import LocalEngine
from canon_sweep.errors import HostFault
from canon_sweep.settings.load import read
from doctor.looking import are_clear, outcomes

GIB = 2**30


class Sized(LocalEngine):
    """An engine whose disk has what a test says; a stand-in for a disk of another size."""

    answer: Space | HostFault | None = None

    def space(self) -> Space | None:
        if isinstance(self.answer, HostFault):
            raise self.answer
        return self.answer


def engines(folder: Path, answer: Space | HostFault | None, **disk: Any) -> Check:
    tree = {
        "stateDir": f"{folder}/state",
        "cacheDir": f"{folder}/cache",
        "disk": disk,
        "recipes": {"notes": {"upstream": "file:///a", "mirror": "file:///b"}},
    }
    engine = Sized(folder)
    engine.answer = answer
    found = list(disk_checks(read(tree, "config.toml"), engine))
    assert are_clear(found)
    assert set(outcomes(found)) == {"stateDir.disk", "cacheDir.disk", "disk"}
    return found[-1]


@pytest.mark.parametrize(
    ("free", "outcome"),
    [(30 * GIB, "ok"), (12 * GIB, "warn"), (9 * GIB, "fail"), (1024, "fail")],
)
def test_room_is_compared_with_what_is_asked_for(tmp_path: Path, free: int, outcome: str) -> None:
    """Less than an unknown recipe's test may take is warned of, less than `minFree` is a fault."""
    check = engines(tmp_path, Space(free, 100 * GIB), minFree="10GiB", budget="20GiB")

    assert check.outcome == outcome
    assert "are free" in check.found


def test_a_full_disk_is_a_fault_whatever_is_asked_for(tmp_path: Path) -> None:
    """Whatever fails then may fail because of that."""
    assert engines(tmp_path, Space(1024, 100 * GIB)).outcome == "fail"
    assert engines(tmp_path, Space(5 * GIB, 100 * GIB)).outcome == "ok"


def test_room_that_nobody_can_tell_is_never_enough(tmp_path: Path) -> None:
    """Where it is asked for, no test would begin."""
    assert engines(tmp_path, None).outcome == "warn"
    assert engines(tmp_path, None, minFree="1GiB").outcome == "fail"
    assert engines(tmp_path, HostFault("Docker is away", do="start it")).outcome == "unknown"
