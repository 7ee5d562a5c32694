"""Whether a test failed in the way in which it had failed before."""

from __future__ import annotations

import pytest

from canon_sweep.core.failure import is_same


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (
            "install: service app ended with exit code 3; its log ends: 03:00:01 no such table",
            "install: service app ended with exit code 3; its log ends: 03:17:44 no such table",
        ),
        (
            "install: note-0a1b2c_ci_localhost was not ready in 60 s: app: no task yet",
            "install: note-ffeedd_ci_localhost was not ready in 59.2 s: app: no task yet",
        ),
        (
            "custom: GET app:8080/: answered 500, not 200: request 4f5e6d7c8b9a failed",
            "custom: GET app:8080/: answered 500, not 200: request 0a9b8c7d6e5f failed",
        ),
    ],
)
def test_names_times_and_ids_are_another_in_each_test(first: str, other: str) -> None:
    """What is left when these are taken away is the failure."""
    assert is_same(first, other)


@pytest.mark.parametrize(
    "other",
    [
        "upgrade: service app ended with exit code 3",
        "install: service db ended with exit code 3",
        "install: service app ended with exit code 137",
        "install: not ready in time: app (an open port 8080)",
        "custom: GET app:8080/: answered 404, not 200",
    ],
)
def test_another_tier_service_or_exit_code_is_another_failure(other: str) -> None:
    """What the operator has to know of a red that is never the same."""
    assert not is_same("install: service app ended with exit code 3", other)


def test_another_status_is_another_failure() -> None:
    """A page that is missing is no server that fails."""
    first, other = (f"custom: GET a:1/: answered {status}, not 200" for status in (500, 404))

    assert not is_same(first, other)
