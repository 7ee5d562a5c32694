"""A ``tagPattern`` of the settings, for tags that are anybody's.

Python's own matching may try a pattern in so many ways that a tag of 40 characters
keeps it busy for years, and nothing else runs meanwhile.  RE2 matches in a time that
is linear in the tag, whatever the pattern; in return it knows no look-around and no
back-reference.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Protocol


class Match(Protocol):
    """What is read of a match."""

    def groupdict(self) -> Mapping[str, str | None]:
        """The named groups; None for one that took no part."""
        ...


class Matcher(Protocol):
    """What a pattern is asked."""

    def fullmatch(self, text: str) -> Match | None:
        """The match of the whole text, or None."""
        ...


def problem(pattern: str) -> str | None:
    """Say what is wrong with a ``tagPattern``, or None."""
    try:
        with warnings.catch_warnings():
            # of what Python may read in another way some day; it is RE2 that reads it
            warnings.simplefilter("ignore", FutureWarning)
            compiled = re.compile(pattern)
    except re.error as error:
        return f"is no regular expression: {error}"
    except (OverflowError, RecursionError) as error:
        return f"is too much for a regular expression: {error}"
    if "version" not in compiled.groupindex:
        return "has no group (?P<version>...)"
    try:
        matcher(pattern)
    except ValueError as error:
        return f"has what cannot be matched in bounded time ({error}); see RE2's syntax"
    return None


@cache
def matcher(pattern: str) -> Matcher:
    """The pattern, ready to match.

    Raises:
        ValueError: RE2 does not know, or does not take on, something in it.
    """
    import re2  # noqa: PLC0415 - start-up: most recipes have no pattern

    options = re2.Options()
    options.log_errors = False
    try:
        found: Matcher = re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(error.args[0].decode("utf-8", "replace")) from None
    return found
