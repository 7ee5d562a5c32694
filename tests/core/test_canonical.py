"""What a record says of itself."""

from __future__ import annotations

import msgspec
import pytest

from core.examples import canonical


@pytest.mark.parametrize(
    ("engine", "stack", "why"),
    [
        ("local", "note-1a2b3c_ci", ""),
        ("swarm", "note-1a2b3c_ci", "made by the swarm engine, the configuration has local"),
        ("", "note-1a2b3c_ci", "made by another tool"),
        ("local", "", "a record only"),
        ("", "", "a record only"),
    ],
)
def test_an_engine_keeps_what_it_made(engine: str, stack: str, why: str) -> None:
    """Of anybody else's record it has no volume to lose and none to remove."""
    record = msgspec.structs.replace(canonical("1.0.0+v1"), engine=engine, stack=stack)

    assert record.kept_by("local") is (why == "")
    assert why in record.kept_elsewhere("local")
    assert bool(record.kept_elsewhere("local")) is (why != "")
