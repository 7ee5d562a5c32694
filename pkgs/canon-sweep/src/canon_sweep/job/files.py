"""What a version's files say that no test shows: lines that cannot be followed, nothing asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from canon_sweep import __version__, interrupt
from canon_sweep.core import unread
from canon_sweep.core.decision import Note
from canon_sweep.core.version import Version
from canon_sweep.engine.reading import app_of
from canon_sweep.errors import HostFault, RecipeFault, SyncFault
from canon_sweep.mirror import kept, memory
from canon_sweep.mirror.scratch import beside, scratch
from canon_sweep.settings.recipe import Recipe

if TYPE_CHECKING:
    from canon_sweep.engine.source import Source

_KNOWN = "canon-sweep-notes"
_NOTES = msgspec.msgpack.Decoder(tuple[Note, ...])
NO_PROBE = "no-probe"
_NOTHING_ASKS = (
    "neither a probe or check of the settings nor a health check of the recipe's files asks"
    " whether it works: green means only that it runs; declare a probe"
)


def file_notes(recipe: Recipe, commit: str, version: Version | None) -> tuple[Note, ...]:
    """A note for each place in a commit's files that cannot be followed; one if nothing asks.

    The recipe is synced.  What was found is kept beside the files: it changes with them and
    with the settings, and with nothing else.
    """
    known, key = recipe.clone / _KNOWN, _key(recipe, commit, version)
    content = kept.read(known)
    if content is not None and content.startswith(key):
        with suppress(msgspec.MsgspecError, ValueError):
            return _NOTES.decode(content[len(key) :])
    try:
        notes = _found(recipe, commit, version)
    except SyncFault:
        # the clone cannot be used, which the next sync sees if it looks
        memory.forget(recipe.clone)
        return ()
    except (HostFault, OSError) as fault:
        return (Note(code=unread.CODE, text=f"its files could not be looked at: {fault}"),)
    kept.write(known, key + msgspec.msgpack.encode(notes))
    return notes


def source_of(recipe: Recipe, commit: str, version: Version | None, tree: Path) -> Source:
    """What the files of a commit, written out in ``tree``, say wherever it is deployed.

    ``version`` is what rules on versions see.

    Raises:
        RecipeFault: they cannot be read.
        HostFault: an overlay of the settings cannot be used.
    """
    return app_of(recipe, commit, version, tree).source


def _key(recipe: Recipe, commit: str, version: Version | None) -> bytes:
    words = (__version__, recipe.digest, commit, version.tag if version else None)
    return kept.digest(msgspec.msgpack.encode(words))


def _found(recipe: Recipe, commit: str, version: Version | None) -> tuple[Note, ...]:
    try:
        return tuple(_notes(recipe, commit, version))
    except RecipeFault:
        return ()  # the install tier says it better


def _notes(recipe: Recipe, commit: str, version: Version | None) -> Iterator[Note]:
    with interrupt.Deferred():
        from canon_sweep.mirror.checkout import checkout  # noqa: PLC0415 - start-up
    # not among a test's checkouts: whoever only looks may do so while a test is on
    with scratch(beside(recipe.clone)) as folder:
        tree = folder / "tree"
        checkout(recipe.clone, commit, tree)
        source = source_of(recipe, commit, version, tree)
    yield from unread.notes(source.unread)
    if not (recipe.settings.every_probe or source.compose.checked):
        yield Note(code=NO_PROBE, text=_NOTHING_ASKS)
