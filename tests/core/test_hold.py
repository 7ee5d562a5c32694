"""What is said of a hold when it is put."""

from __future__ import annotations

import pytest

from canon_sweep.core.hold import remark
from canon_sweep.core.release import Releases
from core.examples import known


@pytest.mark.parametrize(
    ("tag", "exception", "releases", "said"),
    [
        (None, None, None, ""),
        (None, None, known(), ""),
        ("1.1.0+1", None, known("1.0.0+1", "1.1.0+1"), ""),
        ("1.0.0+1", None, known("1.0.0+1", "1.1.0+1"), "nothing now: the latest is 1.1.0+1"),
        ("9.9.9+1", None, known("1.0.0+1"), "no such release is known yet (the latest is 1.0.0+1)"),
        ("9.9.9+1", None, known("stray"), "no such release is known yet (there is none)"),
        ("9.9.9+1", None, None, "not known here yet"),
        (None, "no stable health", None, "no part in the sweep anyway: no stable health"),
        ("1.0.0+1", "no stable health", known("1.0.0+1"), "no part in the sweep anyway"),
    ],
)
def test_a_hold_that_holds_nothing_now_says_so(
    tag: str | None, exception: str | None, releases: Releases | None, said: str
) -> None:
    """It may be meant for a release that is still to come; a slip of the pen is seen at once."""
    text = remark(tag, exception, releases)

    assert said in text
    assert bool(text) is bool(said)
