"""The stories' fleet."""

from __future__ import annotations

from pathlib import Path

import pytest

from stories.fleet import Fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """An empty fleet in a folder of its own."""
    return Fleet(tmp_path)
