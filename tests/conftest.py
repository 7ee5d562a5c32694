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


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what is there for good out of every later look for garbage, here and in children."""
    gc.freeze()
