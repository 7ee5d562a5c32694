"""Why a run goes no further."""

from __future__ import annotations

from dataclasses import dataclass

from canon_sweep.core.decision import Code


@dataclass(frozen=True, slots=True)
class Stop:
    """What is said of every recipe that is not reached: a decision without a test."""

    code: Code
    sentence: str
