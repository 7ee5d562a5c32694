"""Which images may go: a doubt about one's age, or who needs it, is never a yes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from canon_sweep.core.oldimage import Age, Needs, Noted, Stored, looked_at, needed_by, old_images
from core.examples import NOW, canonical

DAY = timedelta(days=1)
WEEK = 7 * DAY
OURS, ALL = Age(WEEK), Age(WEEK, foreign=True)
APP = Stored(id="sha256:1", tags=("app:1",), digests=("app@sha256:d1",))
PULLED = Noted(since=NOW, names=APP.names, pulled=NOW, asked=("app:1",))


def gone(
    image: Stored,
    note: Noted | None,
    age: Age,
    now: datetime,
    needs: Needs | None = None,
) -> bool:
    """Whether one image may go, after a look at it."""
    needs = needs or Needs()
    known = looked_at([image], {image.id: note} if note else {}, needs, now)
    return bool(old_images([image], known, needs, age, now))


def test_an_image_that_a_test_has_pulled_goes_a_week_after_the_last_time() -> None:
    """And says so."""
    now = NOW + WEEK
    known = looked_at([APP], {APP.id: PULLED}, Needs(), now)
    (old,) = old_images([APP], known, Needs(), OURS, now)

    assert f"{old.image.shown} {old.why}" == (
        "image app:1 was not pulled, tagged or used here for 7 days; a test of ours has pulled it"
    )
    assert not gone(APP, PULLED, OURS, now - DAY)


def test_somebody_elses_image_goes_only_where_that_is_asked_for() -> None:
    """Whoever pulled it by himself has not asked us."""
    seen = Noted(since=NOW, names=APP.names)

    assert not gone(APP, seen, OURS, NOW + 9 * WEEK)
    assert gone(APP, seen, ALL, NOW + WEEK)


def test_an_image_of_unknown_age_is_not_old() -> None:
    """Docker does not say when one was pulled; what is known begins with the first look."""
    assert not gone(APP, None, ALL, NOW)
    known = looked_at([APP], {}, Needs(), NOW)

    assert not gone(APP, known[APP.id], ALL, NOW + WEEK - DAY)
    assert gone(APP, known[APP.id], ALL, NOW + WEEK)


def test_an_image_of_others_is_as_old_as_its_last_tag_where_docker_knows_it() -> None:
    """At the first look; unless its names are seen to change, as by a pull."""
    tagged = Stored(id=APP.id, tags=APP.tags, digests=APP.digests, tagged=NOW - WEEK)
    before = Noted(since=NOW - WEEK, names=("app:0",))

    assert gone(tagged, None, ALL, NOW)
    assert not gone(tagged, None, ALL, NOW - DAY)
    assert not gone(tagged, before, ALL, NOW)


def test_what_was_noted_by_a_clock_that_ran_ahead_is_as_of_now() -> None:
    """Else an image would be young until that clock was right."""
    ahead = NOW + 500 * WEEK
    note = Noted(since=ahead, names=APP.names, pulled=ahead, used=ahead, renamed=ahead)
    note = msgspec.structs.replace(note, asked=APP.tags)

    known = looked_at([APP], {APP.id: note}, Needs(), NOW)

    assert not gone(APP, note, ALL, NOW)
    assert gone(APP, known[APP.id], OURS, NOW + WEEK)
    assert not gone(APP, known[APP.id], OURS, NOW + WEEK - DAY)


def test_an_image_that_is_used_is_young_again_when_it_is_not() -> None:
    """Days count from its last use that was seen."""
    used = Stored(id=APP.id, tags=APP.tags, digests=APP.digests, needed_by="service x")
    at_work = looked_at([used], {APP.id: PULLED}, Needs(), NOW + WEEK)

    assert not gone(used, PULLED, ALL, NOW + 9 * WEEK)
    assert not gone(APP, at_work[APP.id], ALL, NOW + 2 * WEEK - DAY)
    assert gone(APP, at_work[APP.id], ALL, NOW + 2 * WEEK)


def test_a_tag_of_somebodys_makes_an_image_his() -> None:
    """He has it by that name, and maybe by nothing else."""
    tagged = Stored(
        id=APP.id, tags=("app:1", "his:1"), digests=APP.digests, tagged=NOW + timedelta(hours=1)
    )

    assert not gone(tagged, PULLED, OURS, NOW + 9 * WEEK)
    # it has just been seen so for the first time
    assert not gone(tagged, PULLED, ALL, NOW + 9 * WEEK)


def test_a_tag_that_was_taken_away_again_counts_until_a_week_after_it() -> None:
    """Docker remembers when."""
    untagged = Stored(id=APP.id, tags=APP.tags, digests=APP.digests, tagged=NOW + 3 * DAY)

    assert not gone(untagged, PULLED, OURS, NOW + WEEK)
    assert gone(untagged, PULLED, OURS, NOW + 3 * DAY + WEEK)


def test_an_image_whose_tag_has_moved_is_still_ours() -> None:
    """It has no name any more, or a digest alone."""
    for image in (Stored(id=APP.id), Stored(id=APP.id, digests=APP.digests)):
        assert gone(image, PULLED, OURS, NOW + WEEK)


def test_what_a_record_names_by_its_digest_stays() -> None:
    """Also by the engine's own id, where it never came from a registry."""
    for digest in ("sha256:d1", "sha256:1"):
        assert not gone(APP, PULLED, ALL, NOW + 9 * WEEK, Needs(frozenset({digest})))
    assert gone(APP, PULLED, ALL, NOW + 9 * WEEK, Needs(frozenset({"sha256:d2"})))


def test_a_record_that_does_not_say_its_images_keeps_everybody_elses() -> None:
    """Made before images were recorded: what tests of ours have pulled since is known."""
    needs = Needs(unsaid=("notes",))

    assert not gone(APP, Noted(since=NOW, names=APP.names), ALL, NOW + 9 * WEEK, needs)
    assert gone(APP, PULLED, ALL, NOW + 9 * WEEK, needs)


def test_a_clock_that_was_set_back_makes_nothing_old() -> None:
    """A time in the future is no age."""
    assert not gone(APP, PULLED, ALL, NOW - WEEK)


def test_only_records_of_this_engine_say_what_it_needs() -> None:
    """Another tool's names none of ours, and is no doubt either."""
    own = msgspec.structs.replace(
        canonical("1.0.0+1"), engine="swarm", stack="s", images={"app:1": "sha256:d1"}
    )
    old = msgspec.structs.replace(own, recipe="old", images={})

    assert needed_by([own, old], "swarm") == Needs(frozenset({"sha256:d1"}), ("old",))
    assert needed_by([own, old], "local") == Needs()
    assert needed_by([canonical("1.0.0+1")], "swarm") == Needs()


def test_what_is_gone_is_forgotten() -> None:
    """An image that is pulled again a year later is new."""
    known: Mapping[str, Noted] = {APP.id: PULLED, "sha256:2": PULLED}

    assert looked_at([APP], known, Needs(), NOW).keys() == {APP.id}
