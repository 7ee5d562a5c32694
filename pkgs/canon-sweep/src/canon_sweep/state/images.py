"""What is known of an engine's images: which of them tests of ours have pulled, and when."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from canon_sweep.core.moment import wrong_with
from canon_sweep.core.oldimage import Noted
from canon_sweep.errors import StateFault
from canon_sweep.state import lock, register

_WARN = logging.getLogger(__name__)
_IMAGES = msgspec.json.Decoder(dict[str, Noted])
_ADVICE = "mend it; or remove it, and no image that is here now counts as old for a while"


class Images(msgspec.Struct, frozen=True):
    """``images.json``: what is known of each image, by the engine's id of it."""

    path: Path

    def read(self) -> dict[str, Noted]:
        """What is known of every image.

        Raises:
            StateFault: the file cannot be read.
        """
        return register.read(
            self.path, _IMAGES, what="list of images", do=_ADVICE, problem=_problem
        )

    def look(self, after: Callable[[Mapping[str, Noted]], dict[str, Noted]]) -> dict[str, Noted]:
        """Write down what is known after a look, made of what was known before it.

        Raises:
            StateFault: the file cannot be read or written.
        """
        with lock.changing(self.path):
            before = self.read()
            known = after(before)
            if known != before:
                register.write(self.path, known)
        return known


class Pulls(msgspec.Struct, frozen=True):
    """Notes what tests of ours pull; an image that cannot be noted counts as somebody else's."""

    images: Images
    now: Callable[[], datetime]

    def pulled(self, image: str, name: str, *, fresh: bool) -> None:
        """A test has asked for the image ``name`` and was given this one.

        ``fresh``: it was not here before.  One that was, and that no earlier test of ours
        has pulled, stays somebody else's.
        """
        now = self.now()

        def after(known: Mapping[str, Noted]) -> dict[str, Noted]:
            note = known.get(image)
            if not fresh and (note is None or note.pulled is None):
                return dict(known)
            note = note or Noted(since=now)
            asked = tuple(sorted({*note.asked, name}))
            return {**known, image: msgspec.structs.replace(note, pulled=now, asked=asked)}

        try:
            self.images.look(after)
        except StateFault as fault:
            # the test goes on: this costs room on the disk at the most
            _WARN.warning("an image that was pulled is not noted: %s", fault)


def _problem(image: str, note: Noted) -> str | None:
    times = (note.since, note.renamed, note.used, note.pulled)
    why = next(filter(None, (wrong_with(time) for time in times if time is not None)), "")
    return f"a time of {image[:19]} {why}" if why else None
