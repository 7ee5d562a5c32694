"""A fake forge for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forge.fake import FakeForge, fake_forge


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeForge]:
    """A forge without any repository."""
    with fake_forge(tmp_path) as forge:
        yield forge
