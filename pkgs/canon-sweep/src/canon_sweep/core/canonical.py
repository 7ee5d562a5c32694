"""The record of a canonical: the last release proven green, and what is kept of it."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import msgspec

SCHEMA = 1


class KeptVolume(msgspec.Struct, frozen=True, kw_only=True):
    """A volume that a canonical keeps; ``bytes`` as measured at promotion, None if it was not."""

    name: str
    bytes: Annotated[int, msgspec.Meta(ge=0)] | None


class Previous(msgspec.Struct, frozen=True, kw_only=True):
    """What the canonical was before this promotion."""

    version: str
    commit: str
    run_id: str = ""


class Label(NamedTuple):
    """What a canonical is called, and whether it is another tool's; an empty tag is none."""

    tag: str = ""
    adopted: bool = False


class Canonical(msgspec.Struct, frozen=True, kw_only=True):
    """``canonical.json``.

    The first five fields are those that cc-ci's own tools read, and the only
    ones that a record made by them has.  ``commit`` is the tag's commit.  The
    volumes are only useful with the stack name, the domain and the secrets that
    they were made with, so the record keeps all four together.  ``images`` has the
    digest of each image that was proven, by its name in the compose files; ``unkept`` has
    the volumes that were given up for want of room, with the secrets: `without_data`.
    """

    recipe: str
    version: str
    commit: str
    status: str = "idle"
    ts: str = ""
    schema: int = SCHEMA
    tag: str = ""
    run_id: str = ""
    promoted_at: str = ""
    engine: str = ""
    base: str | None = None
    tiers: dict[str, str] = {}
    stack: str = ""
    domain: str = ""
    node: str = ""
    volumes: tuple[KeptVolume, ...] = ()
    secrets: tuple[str, ...] = ()
    images: dict[str, str] = {}
    retained: Literal["volume", "record-only"] = "record-only"
    retained_reason: str = ""
    unkept: tuple[KeptVolume, ...] = ()
    previous: Previous | None = None

    def without_data(self, why: str) -> Canonical:
        """The same canonical as a record only: its volumes and secrets go."""
        return msgspec.structs.replace(
            self,
            volumes=(),
            secrets=(),
            retained="record-only",
            retained_reason=why,
            unkept=(*self.unkept, *self.volumes),
        )

    @property
    def data_lost(self) -> str:
        """Why its data was given up, with what brings it back; empty if it was not."""
        if not self.unkept:
            return ""
        step = f"raise disk.budget, then: canon-sweep run --retry {self.recipe}"
        return f"{self.retained_reason}; {step}"

    @property
    def is_adopted(self) -> bool:
        """Whether another tool has made it, and no run of ours has proven it."""
        return not (self.run_id or self.stack or self.engine)

    @property
    def label(self) -> Label:
        """What it is called."""
        return Label(self.release_tag, self.is_adopted)

    @property
    def release_tag(self) -> str:
        """The tag that was promoted; a cc-ci record has it as its version."""
        return self.tag or self.version

    def kept_by(self, engine: str) -> bool:
        """Whether the engine of this name made the volumes and secrets that the record names."""
        return not self.kept_elsewhere(engine)

    def kept_elsewhere(self, engine: str) -> str:
        """Why the engine of this name keeps nothing of this record; empty if it does."""
        if not self.stack:
            return "it is a record only, without volumes or secrets of ours"
        return made_elsewhere(self.engine, engine)


def made_elsewhere(recorded: str, engine: str) -> str:
    """Why what was ``recorded`` under an engine's name is not ``engine``'s; empty if it is.

    The one place where two engines' names are compared.  A record without a name is
    another tool's, and nobody's here.
    """
    if recorded == engine:
        return ""
    if not recorded:
        return "it was made by another tool"
    return f"it was made by the {recorded} engine, the configuration has {engine}"
