"""Names of stacks and of their parts, refused before they become a folder or a label."""

from __future__ import annotations

from canon_sweep.core import names
from canon_sweep.errors import RecipeFault


def check_stack(stack: str) -> None:
    """Refuse a stack name that could be anything but a name.

    Raises:
        RecipeFault: it could.
    """
    problem = names.stack_problem(stack)
    if problem:
        raise RecipeFault(problem)


def check_part(name: str, kind: str) -> None:
    """Refuse a service, volume or secret name that could be anything but a name.

    Raises:
        RecipeFault: it could.
    """
    problem = names.part_problem(name, kind)
    if problem:
        raise RecipeFault(problem)
