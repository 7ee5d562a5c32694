"""Why a run goes no further."""

from __future__ import annotations

import msgspec

from canon_sweep.core.decision import Code


class Stop(msgspec.Struct, frozen=True):
    """What is said of every recipe that is not reached: a decision without a test."""

    code: Code
    sentence: str
