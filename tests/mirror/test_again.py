"""A server that is busy for a moment costs a moment, not a night."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from canon_sweep.errors import SyncFault
from canon_sweep.mirror.again import SHORT, seconds
from mirror.servers import Busy, Hostile, HttpServer, relay
from mirror.world import World

NOW = datetime(2026, 6, 14, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize(
    "on",
    [
        "service=git-upload-pack",
        "/git-upload-pack",
        "service=git-receive-pack",
        "/git-receive-pack",
    ],
)
def test_one_busy_answer_fails_no_sync(
    served: Callable[[str], World], http: HttpServer, status: int, on: str
) -> None:
    """Whether it comes while refs are read, fetched or pushed."""
    world = served("http")
    http.server.busy.append(Busy(status, on=on))

    world.sync()

    assert http.server.busy == []
    assert world.agrees()


@pytest.mark.parametrize("late", [False, True])
def test_a_busy_server_is_left_alone_as_long_as_it_wants(
    served: Callable[[str], World], http: HttpServer, late: bool
) -> None:
    """Its Retry-After counts, also where only an account that it knows is told to wait."""
    world = served("http")
    http.server.busy += [Busy(503, {"Retry-After": "2"}, late=late)] * 2
    start = time.monotonic()

    world.sync()

    assert time.monotonic() - start >= 2
    assert world.agrees()


def test_nobody_waits_beyond_the_time_of_a_sync(
    served: Callable[[str], World], http: HttpServer
) -> None:
    """Then it fails at once, and says how long the server wants."""
    world = served("http")
    http.server.busy += [Busy(429, {"Retry-After": "3600"})] * 2
    start = time.monotonic()

    with pytest.raises(SyncFault, match="status code: 429; it wants to be left alone for 3600 s"):
        world.sync()

    assert time.monotonic() - start < world.timeout / 2
    assert world.mirror.refs() == {}


def test_a_server_that_stays_busy_is_told(served: Callable[[str], World], http: HttpServer) -> None:
    """It is asked twice, not for ever."""
    world = served("http")
    http.server.busy += [Busy(503, {"Retry-After": "0"})] * 9

    with pytest.raises(SyncFault, match="status code: 503; it cannot answer now"):
        world.sync()

    assert len(http.server.busy) == 6


@pytest.mark.parametrize("goes", [False, True])
def test_a_push_that_was_taken_and_not_answered_finds_its_own_work(
    served: Callable[[str], World], http: HttpServer, goes: bool
) -> None:
    """Twice the same push is one push, of what comes as of what goes."""
    world = served("http")
    world.sync()
    if goes:
        world.mirror.tag("stray", world.mirror.refs()["refs/heads/main"])
    else:
        world.up.tag("1.2.0+v1", world.up.commit("more"), annotated=True)
    http.server.busy.append(Busy(503, on="/git-receive-pack", late=True))

    done = world.sync()

    assert http.server.busy == []
    assert (len(done.pushed), len(done.deleted)) == ((0, 1) if goes else (2, 0))
    assert world.agrees()


def test_a_connection_that_is_reset_once_fails_no_sync(world: World, hostile: Hostile) -> None:
    """A server that is started anew drops whoever is there."""
    upstream = relay(world.up, lambda answer: answer)
    dropped: list[bool] = []

    def talk(connection: socket.socket) -> None:
        if dropped:
            upstream(connection)
            return
        dropped.append(True)
        # to close at once is a reset
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    hostile.talk = talk
    world.upstream_url = hostile.url

    world.sync()

    assert dropped
    assert world.agrees()


def test_another_refusal_is_not_tried_again(
    served: Callable[[str], World], http: HttpServer
) -> None:
    """A login without rights has none a moment later."""
    world = served("http")
    http.server.busy.append(Busy(403))

    with pytest.raises(SyncFault, match=r"status code: 403; .*account's rights"):
        world.sync()

    assert len(http.asked) == 1


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0.0),
        ("Sun, 14 Jun 2026 03:00:05 -0000", 5.0),
        ("", SHORT),
        ("soon", SHORT),
        ("-5", SHORT),
        ("1.5", SHORT),
        ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", SHORT),
        ("Wed, 21 Oct 2026 07:28:00 +99999999999999", SHORT),
        ("٣", SHORT),
        ("9" * 5000, 999999999.0),
    ],
)
def test_a_retry_after_is_read_in_both_its_forms(said: str, expected: float) -> None:
    """Seconds or a date; whatever is neither counts as a short while."""
    assert seconds(said, NOW) == expected
