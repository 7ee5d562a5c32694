"""Stacks that a recipe's test rests on: seen to be up and healthy, never deployed."""

from __future__ import annotations

from collections.abc import Iterable

from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault


def check_needs(recipe: str, stacks: Iterable[str], engine: Engine) -> None:
    """See that what a recipe needs is there, before anything of a test is.

    Raises:
        HostFault: it is not, or the engine does not tell: nothing would be known of the recipe.
    """
    for stack in stacks:
        lack = engine.lacks(stack)
        if lack:
            raise HostFault(
                f"{recipe} needs the stack {stack}, and {lack}",
                do="bring it up, or mend it: a test never does",
            )
