"""What is told of the images of a test."""

from __future__ import annotations

from canon_sweep.core.image import CODE, Image, image_notes


def test_only_an_image_that_nobody_could_ask_for_is_noted() -> None:
    """With the reason; of the others the record says enough."""
    asked = Image(name="db:15", digest="sha256:1")
    stale = Image(name="app:1", digest="sha256:2", not_asked="example.org could not be asked: down")

    (note,) = image_notes([asked, stale])

    assert note.code == CODE
    assert "app:1" in note.text
    assert "example.org could not be asked: down" in note.text
