"""Secrets of the local engine: one private file each, made once and then kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from canon_sweep.core.names import part_problem
from canon_sweep.core.secret import Secret
from canon_sweep.engine.local import state as local_state
from canon_sweep.engine.secret import random_value
from canon_sweep.engine.source import check_part
from canon_sweep.errors import HostFault


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
            local_state.write_private(path, random_value(secret).encode("ascii"))
        return path

    def of_stack(self, stack: str) -> tuple[str, ...]:
        """The full names of a stack's secrets, sorted."""
        try:
            with os.scandir(self.root) as entries:
                found = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise HostFault(f"{self.root} cannot be read: {error.strerror}") from error
        own = (name for name in found if name.startswith(f"{stack}_"))
        return tuple(sorted(name for name in own if part_problem(name, "secret") is None))

    def remove(self, name: str) -> None:
        """Remove a secret; one that is not there is no error.

        Raises:
            HostFault: it cannot be removed.
            RecipeFault: the name could be anything but a name.
        """
        path = self.path(name)
        if path.is_symlink() or not path.is_file():
            return  # nothing, or nothing that we have made
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise HostFault(f"secret {name} cannot be removed: {error.strerror}") from error
