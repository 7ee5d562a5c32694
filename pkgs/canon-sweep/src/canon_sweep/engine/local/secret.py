"""Secrets of the local engine: one private file each, made once and then kept."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from pathlib import Path

from canon_sweep.core.compose import Secret
from canon_sweep.engine.local import state as local_state
from canon_sweep.engine.source import check_part

_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class SecretFolder:
    """All secrets below one folder."""

    root: Path

    def path(self, name: str) -> Path:
        """Where a secret is.

        Raises:
            RecipeFault: the name could be anything but a name.
        """
        check_part(name, "secret")
        return self.root / name

    def make(self, secret: Secret) -> Path:
        """Make a random secret if it is not there, and return where it is."""
        path = self.path(secret.name)
        if not path.exists():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            value = "".join(secrets.choice(_ALPHABET) for _ in range(secret.length))
            local_state.write_private(path, value.encode("ascii"))
        return path

    def of_stack(self, stack: str) -> tuple[str, ...]:
        """The full names of a stack's secrets, sorted."""
        if not self.root.is_dir():
            return ()
        found = (entry.name for entry in self.root.iterdir())
        return tuple(sorted(name for name in found if name.startswith(f"{stack}_")))

    def remove(self, name: str) -> None:
        """Remove a secret; one that is not there is no error.

        Raises:
            RecipeFault: the name could be anything but a name.
        """
        self.path(name).unlink(missing_ok=True)
