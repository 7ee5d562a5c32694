"""A request ends whatever a server does, and each way it can go wrong has its name."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canon_sweep import web
from canon_sweep.errors import HostFault
from canon_sweep.web import Request, json_of, send
from http_host import HttpHost


class Build(msgspec.Struct):
    """What a server is asked for here."""

    number: int


class Server(HttpHost):
    """Answers each path as it is told to, and notes the headers of what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def says(self, body: Any, status: int = 200, path: str = "/", **headers: str) -> Request:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (status, named, data)
        return Request("GET", self.url(path))

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers.items())))
        status, headers, body = self.server.answers[self.path.partition("?")[0]]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
        yield found
        found.shutdown()


@contextmanager
def dripping(*parts: bytes) -> Iterator[Request]:
    """A server that sends a part every tenth of a second."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                for part in parts:
                    connection.sendall(part)
                    time.sleep(0.1)

        threading.Thread(target=serve, daemon=True).start()
        yield Request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/")


def test_json_of_a_shape_is_a_value(server: Server) -> None:
    """What is not asked for may be there, too."""
    answer = send(server.says({"number": 7, "other": [1]}), 5)

    assert json_of(answer, Build) == Build(7)


@pytest.mark.parametrize(
    ("status", "said", "fault", "words"),
    [
        (401, (b"bad token", {}), web.LoginFault, "answers 401: bad token; make a new token"),
        (403, (b"read only", {}), web.RightsFault, "answers 403: read only; give the token"),
        (404, (b"", {}), web.MissingFault, "answers 404; see whether"),
        (429, (b"", {"Retry_After": "5"}), web.ServerFault, "answers 429; try again later"),
        (503, (b"<html>busy", {}), web.ServerFault, "answers 503; try again later"),
        (410, (b"gone", {}), web.StatusFault, "answers 410: gone"),
        (302, (b"", {"Location": "/x?token=1"}), web.RedirectFault, r"it is at http://\S+/x; use"),
        (200, (b"<!doctype html>", {}), web.ShapeFault, "a page for people, not with JSON"),
        (200, (b"{}", {"Content_Type": "text/html; x=y"}), web.ShapeFault, "a page for people"),
        (200, (b'{"number": "7"}', {}), web.ShapeFault, r"another shape: Expected `int`.*number"),
        (200, (b"{}", {}), web.ShapeFault, "another shape.*number"),
        (200, (b"{", {}), web.ShapeFault, "no JSON"),
        (200, (b'{"a": ' + b"[" * 2000, {}), web.ShapeFault, "no JSON"),
        (200, (b"\xff", {}), web.ShapeFault, "no JSON"),
        (200, (b"", {}), web.ShapeFault, "no JSON"),
    ],
)
def test_each_wrong_answer_has_its_own_fault(
    server: Server,
    status: int,
    said: tuple[bytes, dict[str, str]],
    fault: type[web.WebFault],
    words: str,
) -> None:
    """The fault names the URL, and says what to do where there is something to do."""
    body, headers = said
    answer = send(server.says(body, status, **headers), 5)

    with pytest.raises(fault, match=rf"^http://127\.0\.0\.1:\d+/ .*{words}") as raised:
        json_of(answer, Build)

    assert isinstance(raised.value, HostFault)


def test_a_servers_words_cannot_steer_a_terminal(server: Server) -> None:
    """They are one line of printable text."""
    answer = send(server.says(b"\x1b[2Jno\n" + b"x" * 5000, 403), 5)

    with pytest.raises(web.RightsFault) as raised:
        json_of(answer, Build)

    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 400


def test_an_answer_that_is_too_large_is_cut_and_known_to_be(server: Server) -> None:
    """A probe looks at the beginning, JSON must be whole."""
    answer = send(server.says(b"x" * 5000), 5, most=1000)

    assert (len(answer.body), answer.whole) == (1000, False)
    with pytest.raises(web.LargeFault, match="more than 1000 bytes"):
        json_of(answer, Build)
    assert send(server.says(b"x" * 1000), 5, most=1000).whole


def test_a_compressed_answer_is_bounded_as_it_is_read(server: Server) -> None:
    """Its size counts unpacked."""
    packed = gzip.compress(b"\0" * 50_000_000)

    answer = send(server.says(packed, Content_Encoding="gzip"), 20, most=1000)

    assert (answer.body, answer.whole) == (b"\0" * 1000, False)


def test_a_redirect_is_bounded_as_any_other_answer(server: Server) -> None:
    """What is not followed is not read either, however large a small body may become."""
    body = gzip.compress(b" " * 4_000_000)
    moved = server.says(body, 301, "/old", Location="/new", Content_Encoding="gzip")

    answer = send(moved, 5, most=1000)

    assert (answer.status, len(answer.body), answer.whole) == (301, 1000, False)


def test_nobody_and_a_broken_answer_and_a_slow_one_are_three_things(server: Server) -> None:
    """Only where nobody was there may a request be sent again that changes something."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(web.NobodyFault, match="nobody answers"):
        send(Request("GET", f"http://127.0.0.1:{port}/"), 5)
    with pytest.raises(web.NobodyFault, match="nobody answers"):
        send(Request("GET", "http://name.invalid/"), 20)
    with dripping(b"") as request, pytest.raises(web.BrokenFault, match="broke off"):
        send(request, 5)
    with dripping(b"HTTP/1.1 200 OK\r\n", *[b"x"] * 50) as request, pytest.raises(web.SlowFault):
        send(request, 0.3)
    with pytest.raises(web.BrokenFault, match="no proper answer"):
        send(Request("GET", "http://[::1"), 5)


def test_a_server_that_cannot_be_trusted_is_not_asked(server: Server) -> None:
    """What does not speak TLS gets no token."""
    url = server.url("/").replace("http:", "https:")

    with pytest.raises(web.BrokenFault, match="cannot be trusted"):
        send(Request("GET", url), 5)

    assert server.asked == []


def test_a_token_is_read_from_its_file_and_never_told(server: Server, tmp_path: Path) -> None:
    """It goes into one header only."""
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    request = server.says({"number": 1})

    send(Request("GET", request.url, token_file=file, token_kind="token"), 5)

    assert server.asked[-1][1]["Authorization"] == "token s3cret"


@pytest.mark.parametrize("content", ["", " \n", "two\nlines", "a b", "\x1b", "ä"])
def test_a_file_without_a_token_is_named(server: Server, tmp_path: Path, content: str) -> None:
    """Its content is not, and nothing is sent."""
    (tmp_path / "token").write_text(content)
    request = server.says({"number": 1})

    with pytest.raises(
        web.TokenFault, match=r"/token has no token: one line.*; write the token into it"
    ) as raised:
        send(Request("GET", request.url, token_file=tmp_path / "token"), 5)

    assert not content.strip() or content not in str(raised.value)
    with pytest.raises(web.TokenFault, match=r"/none cannot be read: No such file"):
        send(Request("GET", request.url, token_file=tmp_path / "none"), 5)
    assert server.asked == []


def test_a_login_in_a_url_is_not_told() -> None:
    """Nor is a query: both may hold a secret."""
    request = Request("GET", "https://me:s3cret@git.example/api?token=s3cret#x")

    assert request.shown == "https://git.example/api"


def test_nothing_of_our_environment_takes_part(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a proxy nor a login from a file in the home folder."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password s3cret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)

    assert send(server.says({"number": 1}), 5).status == 200

    assert "Authorization" not in server.asked[-1][1]


def test_a_redirect_is_an_answer_unless_it_is_asked_for(server: Server) -> None:
    """Asked for, it is followed on the same host, for a bounded number of times."""
    moved = server.says(b"", 301, "/old", Location="/new?page=2")
    server.says({"number": 7}, path="/new")
    server.says(b"", 302, "/round", Location="/round")

    assert send(moved, 5).status == 301
    followed = send(Request("GET", moved.url, redirects=3), 5)
    assert json_of(followed, Build) == Build(7)
    with pytest.raises(web.RedirectFault, match="redirects without end"):
        send(Request("GET", server.url("/round"), redirects=3), 5)


def test_no_redirect_leads_to_another_host(server: Server, tmp_path: Path) -> None:
    """It would get the token."""
    (tmp_path / "token").write_text("s3cret")
    other = f"http://localhost:{server.server_port}/new"
    moved = server.says(b"", 307, "/old", Location=other)
    server.says({"number": 7}, path="/new")

    with pytest.raises(web.RedirectFault, match=r"another host: http://localhost:\d+/new; use"):
        send(Request("GET", moved.url, token_file=tmp_path / "token", redirects=3), 5)

    assert [path for path, _ in server.asked] == ["/old"]


def test_a_token_that_a_server_repeats_is_not_told(server: Server, tmp_path: Path) -> None:
    """As one does that complains of a header."""
    (tmp_path / "token").write_text("s3cret-t0ken")
    asked = server.says(b"bad header. Authorization: Bearer s3cret-t0ken!", 400)

    answer = send(Request("GET", asked.url, token_file=tmp_path / "token"), 5)

    with pytest.raises(web.StatusFault, match=r"Authorization: Bearer \.\.\.!"):
        json_of(answer, Build)
    assert "s3cret" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_no_redirect_leads_to_a_host_that_two_read_in_two_ways(
    server: Server, tmp_path: Path, host: str
) -> None:
    """What is behind the backslash is the host for one of them, what is before it for the other."""
    (tmp_path / "token").write_text("s3cret")
    with Server() as other:
        threading.Thread(target=other.serve_forever, args=(0.01,), daemon=True).start()
        other.says({"number": 7}, path="/@new")
        before = f"{host}:{other.server_port}"
        double = f"http://{before}\\@127.0.0.1:{server.server_port}/new"
        moved = server.says(b"", 307, "/old", Location=double)

        with pytest.raises(web.RedirectFault, match="another host"):
            send(Request("GET", moved.url, token_file=tmp_path / "token", redirects=3), 5)

        other.shutdown()
        assert other.asked == []


@pytest.mark.parametrize("nowhere", ["http://[", "http://[::1", "http://a\u2100b/"])
def test_a_redirect_to_what_is_no_url_is_a_fault_like_any_other(
    server: Server, nowhere: str
) -> None:
    """Whether it is to be followed or to be told."""
    location = nowhere.encode().decode("latin-1")
    moved = server.says(b"", 301, "/old", Location=location)

    with pytest.raises(web.RedirectFault):
        send(Request("GET", moved.url, redirects=3), 5)
    with pytest.raises(web.RedirectFault):
        json_of(send(moved, 5), Build)
