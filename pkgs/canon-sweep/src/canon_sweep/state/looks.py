"""What is remembered of mirrors' pull requests: which were looked at, which are being closed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from canon_sweep.core import names
from canon_sweep.core.pull import Looked
from canon_sweep.state import register

_LOOKED = msgspec.json.Decoder(dict[str, Looked])
_ADVICE = "remove it: each open pull request is looked at once more"


class Looks(msgspec.Struct, frozen=True):
    """``pulls.json``: an entry a recipe whose mirror has any."""

    path: Path

    def read(self) -> dict[str, Looked]:
        """What is remembered of every recipe's mirror.

        Raises:
            StateFault: the file cannot be read.
        """
        return register.read(
            self.path, _LOOKED, what="memory of pull requests", do=_ADVICE, problem=_problem
        )

    def put(self, recipe: str, looked: Looked) -> None:
        """Remember this in place of what was.

        Raises:
            StateFault: the file cannot be read or written; it is as it was.
        """
        if looked.is_empty:
            if self.path.exists():
                register.drop(self.path, recipe, self.read)
        else:
            register.put(self.path, recipe, looked, self.read)


def _problem(recipe: str, _looked: Looked) -> str | None:
    return names.recipe_problem(recipe)
