"""A recipe's compose files, written out for the docker command."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from canon_sweep.core import names
from canon_sweep.engine.source import Source
from canon_sweep.errors import HostFault, RecipeFault


@contextmanager
def written(source: Source, texts: Sequence[str]) -> Iterator[list[str]]:
    """The paths of files with these texts, which lie where the recipe's first one does.

    From there docker reads what the files name by paths of their own.

    Raises:
        RecipeFault: that folder is outside the recipe, or the command would read its name
            as more than one.
        HostFault: they cannot be written.
    """
    # docker cuts out `link/..` as it reads a path, the kernel follows the link
    folder = Path(os.path.normpath(source.files[0].absolute())).parent
    if not folder.resolve().is_relative_to(source.tree.resolve()):
        raise RecipeFault(f"{_shown(folder, source.tree)} points outside the recipe")
    if any(sign in str(folder) for sign in ',"\n'):
        # the command reads its list of files as comma-separated values
        shown = _shown(folder, source.tree)
        raise RecipeFault(f"{shown} is no name for a folder of compose files")
    with ExitStack() as stack:
        try:
            files = [stack.enter_context(_draft(folder, text)) for text in texts]
        except OSError as error:
            raise HostFault(f"{folder} cannot be written: {error.strerror}") from error
        yield files


def _shown(folder: Path, tree: Path) -> str:
    """A folder as the recipe has it: where the tree lies is no matter of its people."""
    within = os.path.relpath(folder, tree.absolute())
    return names.printable(str(folder) if within == os.curdir else within)


@contextmanager
def _draft(folder: Path, text: str) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(
        "w", dir=folder, prefix=".canon-sweep-", suffix=".yml", encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        yield file.name
