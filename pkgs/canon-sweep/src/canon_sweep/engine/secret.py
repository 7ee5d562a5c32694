"""The values of secrets that a deployment has to make."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from canon_sweep.core.secret import Secret


def random_value(secret: Secret) -> str:
    """A value nobody can guess, of the letters and the length that the recipe asks for."""
    return "".join(secrets.choice(secret.made.letters) for _ in range(secret.made.length))
