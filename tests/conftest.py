"""What every test may use."""

from __future__ import annotations

import os

pytest_plugins = ["engine.swarm_fixture"]

# no test may read the configuration of the machine that it runs on
os.environ.pop("CANON_SWEEP_CONFIG", None)
