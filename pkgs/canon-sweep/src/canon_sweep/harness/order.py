"""What a test is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from canon_sweep.core.base import Bases
from canon_sweep.core.version import Version
from canon_sweep.settings.recipes import RecipeSettings

Checkout = Callable[[str], Path]
"""Gives the folder with a commit's files; the folder stays for the whole test."""


class Order(msgspec.Struct, frozen=True):
    """One version of one recipe to test.

    ``tag`` is empty for a commit that is not tested as a release; ``version`` is
    None when the commit's version label is none.  ``seed`` makes the names of
    this test's stacks unlike any other test's; ``domain`` is what they are below.
    """

    recipe: str
    settings: RecipeSettings
    tag: str
    commit: str
    version: Version | None
    bases: Bases
    domain: str
    seed: str

    @property
    def label(self) -> str:
        """What the version is called in logs and labels."""
        return self.tag or self.commit
