"""What systemd says of a service's end, in words."""

from __future__ import annotations

import pytest

from canon_sweep.core.unit import never_began


def test_a_secret_that_systemd_did_not_find_is_told() -> None:
    """Its journal has the number 243 alone; the next step is said with the cause."""
    told = never_began({"SERVICE_RESULT": "exit-code", "EXIT_CODE": "exited", "EXIT_STATUS": "243"})

    assert told is not None
    assert "LoadCredential=" in told
    assert "canon-sweep status" in told


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"EXIT_CODE": "exited", "EXIT_STATUS": "1"},
        {"EXIT_CODE": "killed", "EXIT_STATUS": "KILL"},
    ],
)
def test_a_service_that_did_begin_has_spoken_for_itself(environ: dict[str, str]) -> None:
    """And so has nobody, where a person types the command."""
    assert never_began(environ) is None
