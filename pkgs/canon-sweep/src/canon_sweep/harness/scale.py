"""Weighs what a recipe's tests take of the disk: what is theirs, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from canon_sweep.core.attempts import Took
from canon_sweep.core.image import Image
from canon_sweep.engine.protocol import Volume


class Scale(msgspec.Struct):
    """What there is now of a recipe's tests, by stack, and the most that there was at one time."""

    _now: dict[str, int] = msgspec.field(default_factory=dict)
    _fetched: dict[str, int] = msgspec.field(default_factory=dict)
    _most: int = 0
    _all_known: bool = True

    def fetched(self, images: Iterable[Image]) -> None:
        """Images came, each of them once; they stay longer than the test."""
        self._fetched |= {image.digest: image.fetched for image in images if image.fetched}

    def weigh(self, stack: str, volumes: Iterable[Volume]) -> None:
        """A stack has these volumes now."""
        sizes = [volume.bytes for volume in volumes]
        if None in sizes:
            self.cannot_tell()
        self._now[stack] = sum(size or 0 for size in sizes)
        self._most = max(self._most, sum(self._now.values()))

    def removed(self, stack: str) -> None:
        """Nothing is left of a stack."""
        self._now.pop(stack, None)

    def cannot_tell(self) -> None:
        """Something could not be weighed: then nobody knows what was taken."""
        self._all_known = False

    @property
    def took(self) -> Took | None:
        """The most that was taken so far; None if that is not known."""
        if not self._all_known:
            return None
        return Took(images=sum(self._fetched.values()), volumes=self._most)
