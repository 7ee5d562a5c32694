"""A remote that was found at another place than its URL's: told, and only what is sure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from canon_sweep.mirror.address import address
from canon_sweep.mirror.deadline import Deadline
from canon_sweep.mirror.moved import moved_to
from canon_sweep.settings.credential import Credential
from canon_sweep.settings.values import SecretFile
from http_host import HttpHost
from mirror.servers import HOST, HttpServer
from mirror.world import World

ASKED = "/info/refs?service=git-upload-pack"


class _Redirects(BaseHTTPRequestHandler):
    """Answers 200, or a redirect that the test has written for a path."""

    server: _Host

    def do_GET(self) -> None:
        self.server.logins.append(self.headers.get("Authorization"))
        status, location = self.server.answers.get(self.path.removesuffix(ASKED), (200, ""))
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


class _Host(HttpHost):
    answers: dict[str, tuple[int, str]]
    logins: list[str | None]


@dataclass
class Place:
    """A server that says where things are now."""

    url: str
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    logins: list[str | None] = field(default_factory=list)

    def moves(self, path: str, to: str, status: int = 301) -> None:
        """Redirect a repository's path."""
        self.answers[path] = (status, to)

    def tells(self, path: str, credential: Credential | None = None) -> str:
        """Where the repository at this path has moved to."""
        return moved_to(address(f"{self.url}{path}"), credential, Deadline(5))


@contextmanager
def _served() -> Iterator[Place]:
    server = _Host((HOST, 0), _Redirects)
    place = Place(f"http://{HOST}:{server.server_address[1]}")
    server.answers, server.logins = place.answers, place.logins
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield place
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def here() -> Iterator[Place]:
    """A server of the test's own."""
    with _served() as place:
        yield place


@pytest.fixture
def elsewhere() -> Iterator[Place]:
    """Another server, as of another forge."""
    with _served() as place:
        yield place


@pytest.mark.parametrize("status", [301, 308])
def test_a_move_for_good_is_told_by_its_last_address(here: Place, status: int) -> None:
    """Also over several steps, and by a path alone."""
    here.moves("/a.git", f"/b.git{ASKED}", status)
    here.moves("/b.git", f"{here.url}/c.git{ASKED}", status)

    assert here.tells("/a.git") == f"{here.url}/c.git"
    assert here.tells("/c.git") == ""


Answer = tuple[int, str]
NOWHERE: Mapping[str, Answer] = {
    "for today only": (302, f"/b.git{ASKED}"),
    "a login page": (301, "/login"),
    "a file": (301, f"file:///etc{ASKED}"),
    "with a login in it": (301, f"http://u:hunter2@h.example/b.git{ASKED}"),
    "what steers a terminal": (301, f"http://h.example/\x1b[2J{ASKED}"),
    "no place": (301, ""),
    "not there": (404, ""),
}


@pytest.mark.parametrize("kind", NOWHERE)
def test_what_is_no_move_for_good_of_a_repository_is_none(here: Place, kind: str) -> None:
    """Whatever a server answers there."""
    here.answers["/a.git"] = NOWHERE[kind]

    assert here.tells("/a.git") == ""


def test_a_circle_has_an_end(here: Place) -> None:
    """However often it is gone round."""
    here.moves("/a.git", f"/b.git{ASKED}")
    here.moves("/b.git", f"/a.git{ASKED}")

    here.tells("/a.git")

    assert len(here.logins) <= 4


def test_a_login_is_shown_to_its_own_server_alone(
    here: Place, elsewhere: Place, tmp_path: Path
) -> None:
    """Where it leads to is asked as anybody would."""
    (tmp_path / "token").write_text("s3cret")
    login = Credential(username="u", token_file=SecretFile(tmp_path / "token"))
    here.moves("/a.git", f"{elsewhere.url}/b.git{ASKED}")

    assert here.tells("/a.git", login) == f"{elsewhere.url}/b.git"

    assert all(here.logins)
    assert elsewhere.logins == [None]


def test_nobody_there_is_no_move() -> None:
    """Nor is what has no redirects."""
    for url in (f"http://{HOST}:1/a.git", f"git://{HOST}:1/a.git", "/srv/a.git"):
        assert moved_to(address(url), None, Deadline(5)) == ""
    assert moved_to(address(f"http://{HOST}:1/a.git"), None, Deadline(0)) == ""


def test_a_sync_over_http_of_what_has_not_moved_says_nothing(
    served: Callable[[str], World], http: HttpServer
) -> None:
    """Its server is asked with the login that it wants."""
    world = served("http")

    assert world.sync().moved == {}
    assert http.server.refused.count(None) == len(http.server.refused)
