"""Servers of builds: only two whole answers that say 'nothing' mean that nothing is in flight."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from canon_sweep.guard import server, steady
from canon_sweep.guard.drone import Drone
from canon_sweep.guard.protocol import Guard
from canon_sweep.guard.server import Server
from canon_sweep.guard.steady import Steady
from canon_sweep.guard.watch import LONGEST, Watch
from canon_sweep.guard.woodpecker import Woodpecker
from guard.fake_builds import (
    INCOMPLETE,
    INFO,
    QUEUE,
    REPO,
    SAYS,
    STAGE,
    TASK,
    Answer,
    FakeBuilds,
    info,
    of,
)

Kind = Callable[[Server], Guard]
KINDS: dict[str, Kind] = {"Drone": Drone, "Woodpecker": Woodpecker}
PATHS = [("Drone", QUEUE), ("Drone", INCOMPLETE), ("Woodpecker", INFO)]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two readings need no time between them here."""
    monkeypatch.setattr(steady, "APART", 0.0)


def answer(builds: FakeBuilds, kind: str) -> str | None:
    """What the sweep is told: a doubt is a sentence as well."""
    guard = KINDS[kind](Server(kind, builds.url, builds.token_file))
    return Watch((Steady(guard),), 0, 0).in_flight()


@pytest.mark.parametrize("kind", KINDS)
def test_an_idle_server_is_clear(builds: FakeBuilds, kind: str) -> None:
    """It was asked twice, everywhere."""
    assert answer(builds, kind) is None

    assert all(builds.asked.count(path) == 2 for name, path in PATHS if name == kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_build_is_in_flight_and_named(builds: FakeBuilds, kind: str) -> None:
    """Whose it is, as far as the server tells."""
    builds.builds()

    told = {"Drone": "recipes/ghost #12 (running)", "Woodpecker": "1 running workflow"}
    assert told[kind] in str(answer(builds, kind))


def test_a_stage_in_the_queue_is_in_flight_without_a_name(builds: FakeBuilds) -> None:
    """The queue alone may have it, as the second list is cut at fifty."""
    builds.answers[QUEUE] = of([STAGE, STAGE | {"status": "pending"}])

    assert answer(builds, "Drone") == "Drone has 2 stages in its queue (pending, running)"


def test_a_build_in_the_second_list_alone_is_in_flight(builds: FakeBuilds) -> None:
    """Between two stages the queue has nothing of it."""
    builds.answers[INCOMPLETE] = of([REPO, REPO])

    assert answer(builds, "Drone") == "Drone has recipes/ghost #12 (running) and 1 more build"


@pytest.mark.parametrize("key", ["pending", "waiting_on_deps"])
def test_a_workflow_that_waits_is_in_flight(builds: FakeBuilds, key: str) -> None:
    """It may begin at any moment."""
    builds.answers[INFO] = of(info(**{key: [TASK]}))

    assert answer(builds, "Woodpecker") == "Woodpecker has 0 running workflows, and 1 waiting"


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_moment_between_two_stages_is_not_idle(builds: FakeBuilds, kind: str) -> None:
    """The first reading finds nothing, the second one does."""

    def before(path: str) -> None:
        if builds.asked.count(path) == 2:
            builds.builds()

    builds.before = before

    assert answer(builds, kind) is not None


@pytest.mark.parametrize("said", SAYS)
@pytest.mark.parametrize(("kind", "path"), PATHS)
def test_whatever_is_no_answer_is_in_flight(
    builds: FakeBuilds, kind: str, path: str, said: int
) -> None:
    """Refused, forbidden, broken, not built in, and a page for people with 200."""
    builds.answers[path] = SAYS[said]

    told = str(answer(builds, kind))

    assert told.startswith("cannot tell whether a build is in flight: ")
    assert path in told


SHAPES = [b"", b"null", b"{}", b'[{"status": 1}]', b'{"message":"ok"}', b"[[]]", b"[" * 5000, b"x"]


@pytest.mark.parametrize("body", SHAPES)
@pytest.mark.parametrize(("kind", "path"), PATHS)
def test_json_of_another_shape_is_in_flight(
    builds: FakeBuilds, kind: str, path: str, body: bytes
) -> None:
    """An empty object is no empty list."""
    builds.answers[path] = Answer(body=body)

    assert str(answer(builds, kind)).startswith("cannot tell ")


@pytest.mark.parametrize("status", [203, 204, 206, 299])
@pytest.mark.parametrize("kind", KINDS)
def test_any_other_success_than_200_is_in_flight(
    builds: FakeBuilds, kind: str, status: int
) -> None:
    """A part of the list, or what a proxy makes of it."""
    for answer_of in builds.answers.values():
        answer_of.status = status

    assert str(answer(builds, kind)).startswith("cannot tell ")


@pytest.mark.parametrize("count", ["pending_count", "waiting_on_deps_count", "running_count"])
def test_a_queue_whose_counts_say_more_than_its_lists_is_in_flight(
    builds: FakeBuilds, count: str
) -> None:
    """A server that contradicts itself is a doubt."""
    builds.answers[INFO] = of(info() | {"stats": {"worker_count": 2, count: 1}})

    assert answer(builds, "Woodpecker") is not None


def test_a_name_without_end_is_cut(builds: FakeBuilds) -> None:
    """Each recipe's line has it."""
    builds.answers[INCOMPLETE] = of([REPO | {"slug": "x" * 100_000}])

    told = str(answer(builds, "Drone"))

    assert told.startswith("Drone has xxx")
    assert len(told) == LONGEST


@pytest.mark.parametrize("kind", KINDS)
def test_a_redirect_is_in_flight(builds: FakeBuilds, kind: str) -> None:
    """It leads to a login, as a rule."""
    builds.answers = dict.fromkeys(builds.answers, Answer(302, b""))

    assert str(answer(builds, kind)).startswith("cannot tell ")


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_slow_is_in_flight(
    builds: FakeBuilds, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that is busy with a build answers late."""
    monkeypatch.setattr(server, "SECONDS", 0.2)
    asked_enough = threading.Event()

    def before(_path: str) -> None:
        asked_enough.wait(10)

    builds.before = before

    told = str(answer(builds, kind))
    asked_enough.set()

    assert "no whole answer within 0.2 s" in told


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_not_there_is_in_flight(builds: FakeBuilds, kind: str) -> None:
    """Port 9 has nobody."""
    builds.url = "http://127.0.0.1:9"

    assert "nobody answers" in str(answer(builds, kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", [None, "", "another-token"])
def test_a_token_that_is_none_is_in_flight(
    builds: FakeBuilds, kind: str, content: str | None
) -> None:
    """Missing, empty, or somebody else's; it is never told."""
    if content is None:
        builds.token_file.unlink()
    else:
        builds.token_file.write_text(content)

    told = str(answer(builds, kind))

    assert told.startswith("cannot tell ")
    assert "another-token" not in told


def test_a_url_with_a_path_of_its_own_is_asked_there(builds: FakeBuilds) -> None:
    """A server may live below a path, with or without a slash at the end."""
    builds.answers |= {f"/ci{path}": answer for path, answer in list(builds.answers.items())}
    builds.url += "/ci/"

    assert answer(builds, "Drone") is None
    assert set(builds.asked) == {f"/ci{QUEUE}", f"/ci{INCOMPLETE}"}
