"""What every test may use."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

pytest_plugins = ["engine.swarm_fixture"]

# no test may read the configuration of the machine that it runs on
os.environ.pop("CANON_SWEEP_CONFIG", None)
# the programs of the local engine ask for a `python3`, which is to be this one
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Twice the cores: half of the time a test waits for a disk, a server or a service."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two Docker Engines are enough: one for the stories, one for all else that needs one."""
    for item in items:
        if item.get_closest_marker("swarm"):
            stories = "stories" in item.path.parts
            item.add_marker(pytest.mark.xdist_group("swarm-stories" if stories else "swarm"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what is there for good out of every later look for garbage, here and in children."""
    gc.freeze()
