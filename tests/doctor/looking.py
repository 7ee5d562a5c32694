"""Whoever looks, and what is found."""

from __future__ import annotations

from collections.abc import Iterable

from canon_sweep.core.checkup import Check
from canon_sweep.doctor.viewer import Viewer

SERVICE = Viewer("canon-sweep", "canon-sweep", "")
SOMEBODY = Viewer("ada", "canon-sweep", "type instead: sudo canon-sweep doctor")


def outcomes(checks: Iterable[Check]) -> dict[str, str]:
    """Each subject's outcome; no subject has two."""
    found = list(checks)
    assert len({check.subject for check in found}) == len(found)
    return {check.subject: str(check.outcome) for check in found}


def are_clear(checks: Iterable[Check]) -> bool:
    """Whether each is a printable line, and whatever is not well has its next step."""
    return all(
        check.found.isprintable() and (check.outcome == "ok" or check.do) for check in checks
    )
