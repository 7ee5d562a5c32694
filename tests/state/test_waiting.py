"""Who waits for his turn, on disk: changed by one at a time, and never replaced unread."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from canon_sweep.core.decision import Code
from canon_sweep.errors import StateFault
from canon_sweep.state.waiting import WaitingList
from child import in_child
from host import small_files

NOW = datetime(2026, 6, 14, 3, tzinfo=UTC)
UNTIL = NOW + timedelta(hours=12)
WEEK = timedelta(days=7)
WHY = (Code.DISK, "not reached: 3 GB are free")
_TIME = b'"2026-06-14T03:00:00Z"'
_BEYOND = b'"0001-01-01T00:00:00+23:59"'
_TIMES = b'"since": %b, "started": %b, "until": null' % (_TIME, _TIME)


@pytest.fixture
def waiting(tmp_path: Path) -> WaitingList:
    """A list that nobody is on."""
    return WaitingList(tmp_path / "state/waiting.json")


def test_a_mark_is_there_while_anything_is_due(waiting: WaitingList) -> None:
    """Whoever starts resumes looks for nothing else."""
    assert not waiting.mark.exists()
    waiting.begin(["notes", "site"], NOW, UNTIL)
    assert waiting.mark.exists()

    waiting.drop("notes")
    assert waiting.mark.exists()
    (over,) = waiting.put_off({"site": WHY}, UNTIL)

    assert (over.recipe, over.until) == ("site", UNTIL)
    assert not waiting.mark.exists()
    assert waiting.put_off({"site": WHY}, UNTIL) == ()
    # who waits is not forgotten: he comes first the next time
    assert waiting.read().keys() == {"site"}
    waiting.begin(["site"], NOW + WEEK, UNTIL + WEEK)
    assert waiting.mark.exists()
    assert waiting.read()["site"].since == NOW


def test_a_sweep_takes_the_place_of_the_last(waiting: WaitingList) -> None:
    """Who was reached waits anew, who is no recipe any more not at all."""
    waiting.begin(["gone", "notes", "site"], NOW, UNTIL)
    waiting.drop("notes")

    waiting.begin(["notes", "site"], NOW + WEEK, UNTIL + WEEK)

    since = {name: entry.since for name, entry in waiting.read().items()}
    assert since == {"notes": NOW + WEEK, "site": NOW}


def test_who_was_reached_meanwhile_is_not_put_back(waiting: WaitingList) -> None:
    """A person's run may end while a resume is at work."""
    waiting.begin(["notes", "site"], NOW, UNTIL)
    waiting.drop("notes")

    assert waiting.put_off({"notes": WHY, "site": WHY}, NOW) == ()

    assert waiting.read().keys() == {"site"}
    site = waiting.read()["site"]
    assert (site.code, site.sentence, site.until) == (*WHY, UNTIL)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "it is empty"),
        (b'{"notes": {"recipe": "no', "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"schema": 2, "recipes": []}', "no list of who waits"),
        (b'{"notes": {"recipe": "site", %b}}' % _TIMES, "site"),
        (b'{"notes": {"recipe": "notes", %b}}' % _TIMES.replace(b'Z"', b'"'), "time zone"),
        (b'{"notes": {"recipe": "notes", %b}}' % _TIMES.replace(_TIME, _BEYOND), "calendar"),
    ],
    ids=range(7),
)
def test_a_list_that_cannot_be_read_is_named_and_left(
    waiting: WaitingList, content: bytes, cause: str
) -> None:
    """'Nothing is due' would be a guess, and the next change would make it true."""
    waiting.begin(["notes"], NOW, UNTIL)
    waiting.path.write_bytes(content)

    for change in (
        lambda: waiting.begin(["site"], NOW, UNTIL),
        lambda: waiting.drop("notes"),
        lambda: waiting.put_off({}, NOW),
        waiting.due,
    ):
        with pytest.raises(StateFault, match=cause) as fault:
            change()
        assert "waiting.json" in fault.value.what
        assert "remove it" in fault.value.do

    assert waiting.path.read_bytes() == content
    assert waiting.mark.exists()
    assert "waiting.json" in waiting.problems()[0]


def test_a_write_that_fails_leaves_the_list_as_it_was(waiting: WaitingList) -> None:
    """As on a full disk: more is due than need be, and nothing is lost."""
    waiting.begin(["notes", "site"], NOW, UNTIL)

    with small_files(64), pytest.raises(StateFault):
        waiting.drop("notes")

    assert waiting.read().keys() == {"notes", "site"}


def test_a_kill_between_mark_and_list_costs_a_look(waiting: WaitingList) -> None:
    """The mark comes first: whoever looks finds nothing due, and the next change clears it."""

    def killed(fd: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def dies() -> None:
        os.fsync = killed
        waiting.begin(["notes"], NOW, UNTIL)

    assert in_child(dies) == -signal.SIGKILL
    assert waiting.mark.exists()
    assert waiting.due() == {}

    waiting.drop("notes")

    assert not waiting.mark.exists()


def test_what_is_written_is_plain(waiting: WaitingList) -> None:
    """An operator can read it, and a later version too."""
    waiting.begin(["notes"], NOW, UNTIL)

    assert json.loads(waiting.path.read_text()) == {
        "notes": {
            "recipe": "notes",
            "since": "2026-06-14T03:00:00Z",
            "started": "2026-06-14T03:00:00Z",
            "until": "2026-06-14T15:00:00Z",
            "code": "deferred/out-of-time",
            "sentence": "not reached: the sweep has ended before its turn",
            "begun": False,
            "again": False,
            "retry": False,
        }
    }
    assert waiting.path.stat().st_mode & 0o777 == 0o600
