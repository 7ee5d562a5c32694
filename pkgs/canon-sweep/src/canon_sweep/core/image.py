"""Which image a name stood for, at the time of a test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from canon_sweep.core.decision import Note

CODE = "image-not-asked"


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """An image by its name in a compose file, and the digest of what was run.

    The digest is the one by which its registry has the image; where an image never came
    from a registry it is the engine's own id of it.  ``not_asked`` is why the registry
    could not be asked, so that the image that was here already was run; empty if it was.
    ``fetched`` are the bytes that came onto the disk for it, with what it shares with other
    images; 0 if it was here.
    """

    name: str
    digest: str
    not_asked: str = ""
    fetched: int = 0


def image_notes(images: Iterable[Image]) -> Iterator[Note]:
    """A note for each image of which nobody knows whether users still get the same."""
    for image in images:
        if image.not_asked:
            text = f"the image {image.name} was run as it was here already: {image.not_asked}"
            yield Note(code=CODE, text=text)
