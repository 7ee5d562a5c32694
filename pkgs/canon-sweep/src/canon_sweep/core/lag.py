"""In what a mirror differs from upstream: what the next sync brings, moves and removes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from canon_sweep.core.count import counted
from canon_sweep.core.names import cut, plain

_MOST_SHOWN = 3
_LONGEST_SHOWN = 40


class Lag(msgspec.Struct, frozen=True):
    """What of upstream's the mirror does not have as upstream has it.

    ``main`` is ``same``, ``missing`` or ``differs``; ``new`` are upstream's tags that the
    mirror lacks, ``moved`` those that it has otherwise, ``gone`` those that only it has.
    """

    main: str
    new: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def is_none(self) -> bool:
        """Whether the mirror is in step."""
        return self.main == "same" and not (self.new or self.moved or self.gone)

    @property
    def sentence(self) -> str:
        """In what it differs, in one line."""
        if self.is_none:
            return "in step with upstream"
        parts = {"missing": ["main is missing"], "differs": ["main is another"]}.get(self.main, [])
        parts += [
            f"{counted(len(tags), 'tag')} {what} ({_shown(tags)})"
            for tags, what in (
                (self.new, "missing"),
                (self.moved, "moved"),
                (self.gone, "of its own"),
            )
            if tags
        ]
        return f"differs from upstream: {', '.join(parts)}"


def lag(
    main: str, tags: Mapping[str, str], mirrored_main: str | None, mirrored: Mapping[str, str]
) -> Lag:
    """Compare upstream's main and tags, object ids by name, with what the mirror has."""
    has_main = {None: "missing", main: "same"}.get(mirrored_main, "differs")
    return Lag(
        main=has_main,
        new=tuple(sorted(tags.keys() - mirrored.keys())),
        moved=tuple(sorted(name for name, oid in tags.items() if mirrored.get(name, oid) != oid)),
        gone=tuple(sorted(mirrored.keys() - tags.keys())),
    )


def _shown(tags: tuple[str, ...]) -> str:
    short = (cut(plain(tag), _LONGEST_SHOWN) for tag in tags[:_MOST_SHOWN])
    return ", ".join(short) + (", …" if tags[_MOST_SHOWN:] else "")
