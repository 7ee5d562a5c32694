"""What is said of a test beside how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.base import stepped_back
from canon_sweep.core.decision import Note
from canon_sweep.core.image import image_notes
from canon_sweep.core.shown import UNASKED
from canon_sweep.harness.tested import Tested

if TYPE_CHECKING:
    from canon_sweep.harness.order import Order


def with_advice(tested: Tested, order: Order) -> Tested:
    """With a note for each image that is not what it seems, and one on a base that is unusual."""
    notes = [*tested.notes, *image_notes(tested.result.all_images if tested.result else ())]
    if order.bases.stepped_back:
        text = stepped_back(order.label, order.bases)
        notes.append(Note(code="stepped-back", text=text))
    if order.bases.pin_problem:
        notes.append(Note(code="pin-ignored", text=order.bases.pin_problem))
    return replace(tested, notes=tuple(notes))


def with_advice_on_data(tested: Tested, order: Order) -> Tested:
    """With a note if data was kept of which nothing shows that an upgrade keeps it."""
    has_data = tested.record is not None and bool(tested.record.volumes)
    if order.settings.data.check or not has_data:
        return tested
    text = "no data.check is declared: nothing shows that an upgrade keeps the data"
    return replace(tested, notes=(*tested.notes, Note(code="no-data-check", text=text)))


def with_unasked(tested: Tested, was: str, now: str) -> Tested:
    """With a note if a harness has made a record where there was nothing to promote."""
    if now in ("", was) or tested.outcome in (Outcome.PROMOTED, Outcome.PROMOTE_FAILED):
        return tested
    text = f"the harness has made a canonical by itself, which is not followed: {now}"
    return replace(tested, notes=(*tested.notes, Note(code=UNASKED, text=text)))
