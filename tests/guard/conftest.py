"""The fake server of builds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.fake_builds import FakeBuilds, fake_builds


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[FakeBuilds]:
    """A fake Drone and Woodpecker, idle."""
    with fake_builds(tmp_path) as fake:
        yield fake
