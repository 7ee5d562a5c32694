"""Secrets of the local engine: one private file each, made once and then kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from canon_sweep import tree
from canon_sweep.core.names import part_problem
from canon_sweep.engine.local import state as local_state
from canon_sweep.engine.part import check_part
from canon_sweep.engine.secret import random_value
from canon_sweep.errors import HostFault, RecipeFault

if TYPE_CHECKING:
    from canon_sweep.core.secret import Secret


class SecretFolder(msgspec.Struct, frozen=True):
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
        """Make a random secret if it is not there, and return where it is.

        Raises:
            HostFault: it cannot be written.
            RecipeFault: the name could be anything but a name, or an app has put something
                else in the secret's place.
        """
        path = self.path(secret.name)
        if _is_file(path):
            return path
        if os.path.lexists(path):
            # nothing was there when the stack was cold: see `Engine.leftovers`
            raise RecipeFault(f"secret {secret.name} is no file any more")
        local_state.write_private(path, random_value(secret).encode("ascii"))
        return path

    def of_stack(self, stack: str) -> tuple[str, ...]:
        """The full names of a stack's secrets, sorted; also of what has taken the place of one.

        Raises:
            HostFault: the folder of them all cannot be read.
        """
        return tuple(name for name in self.names() if name.startswith(f"{stack}_"))

    def names(self) -> tuple[str, ...]:
        """Every secret, sorted; also what has taken the place of one.

        Raises:
            HostFault: the folder of them all cannot be read.
        """
        try:
            found = os.listdir(self.root)  # noqa: PTH208  # a name is enough
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise HostFault(f"{self.root} cannot be read: {error.strerror}") from error
        return tuple(sorted(name for name in found if _is_of_a_stack(name)))

    def leftovers(self, stack: str) -> tuple[str, ...]:
        """What there is of a stack's secrets, a text each.

        Raises:
            HostFault: the folder of them all cannot be read.
        """
        return tuple(
            f"secret {name}" if _is_file(self.root / name) else f"remains of secret {name}"
            for name in self.of_stack(stack)
        )

    def remove(self, name: str) -> None:
        """Remove a secret, or what is in its place; one that is not there is no error.

        Raises:
            HostFault: it cannot be removed.
            RecipeFault: the name could be anything but a name.
        """
        path = self.path(name)
        if "_" not in name:
            return  # nothing that we have made: a secret's name begins with its stack's
        try:
            tree.remove(path)
        except OSError as error:
            raise HostFault(f"secret {name} cannot be removed: {error.strerror}") from error


def _is_of_a_stack(name: str) -> bool:
    """Whether we could have made it: ``<stack>_<secret>``."""
    return "_" in name and part_problem(name, "secret") is None


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
