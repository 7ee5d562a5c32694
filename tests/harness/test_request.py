"""A request to an app ends, whatever the app does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from canon_sweep.harness.request import (
    NotThereError,
    NotYetError,
    Request,
    bounded_request,
)


@contextmanager
def app(*parts: bytes, pause: float = 0.0) -> Iterator[Request]:
    """A server that sends these parts of an answer, and a request to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            # whoever has read enough hangs up
            with connection, suppress(OSError):
                connection.recv(1000)
                for part in parts:
                    connection.sendall(part)
                    time.sleep(pause)

        threading.Thread(target=serve, daemon=True).start()
        port = server.getsockname()[1]
        yield Request("GET", f"http://127.0.0.1:{port}/", {"Host": "notes.ci.example"}, b"")


def test_an_answer_is_its_status_and_its_text() -> None:
    """Bytes that are no text are shown as such; nothing is raised for a status."""
    with app(b"HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nh\xff!") as request:
        assert bounded_request(request, 5) == (503, "h\ufffd!")


def test_a_redirect_is_an_answer() -> None:
    """Following it would ask somebody else."""
    head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with app(head) as request:
        assert bounded_request(request, 5)[0] == 302


def test_nobody_there_is_told_from_a_broken_answer() -> None:
    """Only where nobody was there may a request be sent again that changes data."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    nobody = Request("POST", f"http://127.0.0.1:{port}/", {}, b"")

    with pytest.raises(NotThereError):
        bounded_request(nobody, 5)
    with app(b"") as request, pytest.raises(NotYetError) as broken:
        bounded_request(request, 5)
    assert not isinstance(broken.value, NotThereError)


@pytest.mark.parametrize(
    "part",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"x"],
    ids=["body", "head", "garbage"],
)
def test_an_app_that_drips_bytes_is_not_waited_for(part: bytes) -> None:
    """A socket's own time limit starts anew with each byte."""
    started = time.monotonic()
    with app(part, *[b"x"] * 50, pause=0.1) as request, pytest.raises(NotYetError):
        bounded_request(request, 0.3)

    assert time.monotonic() - started < 2
