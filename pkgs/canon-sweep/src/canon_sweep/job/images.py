"""Old images of the engine, before a sweep, between two recipes, and for `prune`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import msgspec

from canon_sweep.core.oldimage import Age, looked_at, needed_by, old_images
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import Fault
from canon_sweep.job.deed import Deed, carry_out
from canon_sweep.settings.records import PruneSettings
from canon_sweep.state.store import Named, State


class Found(msgspec.Struct, frozen=True):
    """The images that may go; ``unread`` and ``remark`` are why others are not looked at.

    What is ``unread`` is to be mended; what the ``remark`` says passes by itself.
    """

    deeds: tuple[Deed, ...] = ()
    unread: str = ""
    remark: str = ""


def old(
    settings: PruneSettings, state: State, engine: Engine, now: datetime, *, note: bool
) -> Found:
    """Look at all images; ``note`` writes down what was seen, for the next look.

    Raises:
        HostFault: the engine cannot be asked.
        StateFault: what is known of images cannot be read or written, or no record can.
    """
    images = engine.images()
    # where there are none, as with an engine that has no images, nobody's record keeps one
    records, unread = state.records() if images else Named((), {})
    if unread:
        return Found(unread=f"old images, until {', '.join(sorted(unread))} can be read")
    needs = needed_by(records, engine.name)
    look = partial(looked_at, images, needs=needs, now=now)
    known = state.images.look(look) if note else look(state.images.read())
    age = Age(timedelta(seconds=settings.images_after), foreign=settings.foreign_images)
    deeds = (
        Deed(each.image.shown, each.why, partial(engine.remove_image, each.image))
        for each in old_images(images, known, needs, age, now)
    )
    waits = settings.foreign_images and bool(needs.unsaid)
    whose = ", ".join(needs.unsaid)
    remark = f"old images of others, until {whose} is promoted anew: its record names none of its"
    return Found(tuple(deeds), remark=remark if waits else "")


def make_room(
    settings: PruneSettings,
    state: State,
    engine: Engine,
    now: datetime,
    say: Callable[[str], None],
) -> None:
    """Remove old images, a line each; only under the run's lock.

    What cannot be removed is said too, and stops nothing: a sweep has other things to do.
    """
    try:
        found = old(settings, state, engine, now, note=True)
    except Fault as fault:
        say(f"old images were not removed: {fault}")
        return
    for act in carry_out(found.deeds, only_say=False):
        say(act.line)
    for text in filter(None, (found.unread, found.remark)):
        say(f"not removed: {text}")
