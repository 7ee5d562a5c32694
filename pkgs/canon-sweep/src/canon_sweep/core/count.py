"""A number with its noun."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """As a sentence has it: ``0 records``, ``1 record``, ``2 records``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
