"""Logins, host keys and URLs: refused in one line that has no secret in it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pygit2
import pytest

from canon_sweep.errors import SyncFault
from canon_sweep.mirror.address import address
from canon_sweep.settings.credential import Credential
from mirror.servers import HOST, TOKEN, HttpServer, Sshd
from mirror.world import Repo, World, ask


def refusal(url: str, credentials: dict[str, Credential]) -> str:
    """The text of the error when this remote is read."""
    with pytest.raises(SyncFault) as caught:
        ask(url, credentials)
    error = caught.value
    assert error.do
    assert str(error).isprintable()
    assert error.__suppress_context__ or error.__cause__ is None
    return str(error)


def test_a_wrong_token_is_refused_without_being_shown(http: HttpServer, up: Repo) -> None:
    """A login that does not work is tried once and not printed, in any form."""
    http.token_file.write_text("an-0ld-token")

    text = refusal(http.url(up.path), http.credentials)

    assert "refuses the configured login" in text
    assert "an-0ld-token" not in text
    assert base64.b64encode(b"sweeper:an-0ld-token").decode() not in text
    assert len(http.server.refused) == 2


def test_a_login_is_asked_for_by_name(http: HttpServer, up: Repo) -> None:
    """Without a credential the error says which setting is missing."""
    text = refusal(http.url(up.path), {})

    assert "asks for a login; set tokenFile" in text


@pytest.mark.parametrize("content", [None, "", "\n", f"{TOKEN}\nanother\n"])
def test_a_token_file_that_is_no_use_is_named(
    http: HttpServer, up: Repo, content: str | None
) -> None:
    """A missing or empty token file is named, not sent; nor is one of several lines."""
    http.token_file.unlink()
    if content is not None:
        http.token_file.write_text(content)

    assert str(http.token_file) in refusal(http.url(up.path), http.credentials)


def test_a_credential_may_be_for_one_port(http: HttpServer, up: Repo) -> None:
    """``host:port`` is looked up before ``host``."""
    exact = {f"{HOST}:{http.port}": http.credentials[HOST], HOST: Credential()}

    read = ask(http.url(up.path), exact)

    assert read.main == up.refs()["refs/heads/main"]


@pytest.mark.parametrize("host", ["localhost", HOST])
def test_a_redirect_never_sees_the_token(
    http: HttpServer, up: Repo, ground: Path, tmp_path: Path, host: str
) -> None:
    """A host that answers with a redirect cannot send our login elsewhere.

    Nor to another port of its own, where somebody else may listen.
    """
    own = tmp_path / "other"
    own.mkdir()
    with HttpServer.started(ground, own, redirect_to=f"http://{host}:{http.port}") as moved:
        only_moved = {f"{HOST}:{moved.port}": moved.credentials[HOST]}

        text = refusal(moved.url(up.path), only_moved)

    assert not any(http.server.refused)
    assert host == "localhost" or f"leads to http://{HOST}:{http.port}/" in text


def test_what_a_server_echoes_is_cleaned(served: Callable[[str], World]) -> None:
    """A hook that repeats the token does not bring it into the log."""
    world = served("http")
    world.mirror.hook("pre-receive", f"echo 'hello {TOKEN}' >&2; exit 1\n")

    with pytest.raises(SyncFault, match=r"hello \*\*\*") as caught:
        world.sync()

    assert TOKEN not in str(caught.value)


def test_an_unknown_ssh_host_is_refused(sshd: Sshd, up: Repo) -> None:
    """A host key that is not listed for the host is not trusted on first use."""
    empty = sshd.folder / "known_nobody"
    empty.write_text("")
    login = msgspec.structs.replace(sshd.login(), known_hosts_file=empty)

    assert "not among the known hosts" in refusal(sshd.url(up.path), {HOST: login})


def test_a_late_end_of_one_ssh_sync_does_not_harm_the_next(
    sshd: Sshd, up: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that was left behind at its deadline leaves the next one its known hosts."""
    real = pygit2.Remote.connect
    late: list[threading.Thread] = []
    over = threading.Event()

    def connect(self: pygit2.Remote, **given: Any) -> None:
        if not late:
            late.append(threading.current_thread())
            over.wait(10)
            raise pygit2.GitError("too late")
        over.set()
        late[0].join(10)
        real(self, **given)

    monkeypatch.setattr(pygit2.Remote, "connect", connect)
    url = sshd.url(up.path)
    with pytest.raises(SyncFault, match="not done within"):
        ask(url, sshd.credentials, timeout=0.2)

    read = ask(url, sshd.credentials)

    assert read.main == up.refs()["refs/heads/main"]
    assert not late[0].is_alive()


def test_a_changed_ssh_host_key_is_refused(sshd: Sshd, up: Repo) -> None:
    """Another key than the listed one is not trusted."""
    login = sshd.login(host_key="stranger")

    assert "not among the known hosts" in refusal(sshd.url(up.path), {HOST: login})


def test_a_key_that_the_host_does_not_know_is_refused(sshd: Sshd, up: Repo) -> None:
    """An ssh login is tried once."""
    text = refusal(sshd.url(up.path), {HOST: sshd.login(key="stranger")})

    assert "refuses the configured login" in text


def test_ssh_needs_its_settings(sshd: Sshd, up: Repo) -> None:
    """Neither the user's own keys nor the user's own known hosts are ever used."""
    url = sshd.url(up.path)
    no_key = msgspec.structs.replace(sshd.login(), ssh_key_file=None)
    no_hosts = msgspec.structs.replace(sshd.login(), known_hosts_file=None)
    lost = msgspec.structs.replace(sshd.login(), known_hosts_file=sshd.folder / "nothing-here")
    folder = msgspec.structs.replace(sshd.login(), known_hosts_file=sshd.folder)

    assert "set knownHostsFile" in refusal(url, {})
    assert "set knownHostsFile" in refusal(url, {HOST: no_hosts})
    assert "set sshKeyFile" in refusal(url, {HOST: no_key})
    told = refusal(url, {HOST: lost})
    assert "nothing-here cannot be read: No such file or directory; put them there" in told
    assert f"{sshd.folder} cannot be read: Is a directory" in refusal(url, {HOST: folder})


@pytest.mark.parametrize(
    ("url", "scheme", "host", "shown"),
    [
        ("/srv/git/a b.git", "file", "", "/srv/git/a b.git"),
        ("file:///srv/a.git", "file", "", "file:///srv/a.git"),
        ("git://h.example/a", "git", "h.example", "git://h.example/a"),
        ("https://H.example:8443/o/a.git", "https", "h.example", "https://H.example:8443/o/a.git"),
        ("ssh://git@h.example:22/~o/a", "ssh", "h.example", "ssh://h.example:22/~o/a"),
        ("git@h.example:o/a.git", "ssh", "h.example", "h.example:o/a.git"),
        ("http://[::1]:80/a", "http", "::1", "http://[::1]:80/a"),
    ],
)
def test_a_good_url_is_taken_apart(url: str, scheme: str, host: str, shown: str) -> None:
    """Every kind of remote that git users know is understood, and shown without its user."""
    read = address(url)

    assert (read.url, read.scheme, read.host, read.shown) == (url, scheme, host, shown)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "-oProxyCommand=x",
        "ext::sh -c id",
        "fd::17",
        "ftp://h.example/a",
        "file://h.example/a",
        "relative/path.git",
        "https:///a",
        "https://h.example",
        "https://h.example/a?token=hunter2",
        "https://u:hunter2@h.example/a",
        "https://u:hun/hunter2@h.example/a",
        "https://hunter2@h.example/a",
        "git://hunter2@h.example/a",
        "ssh://git:hunter2@h.example/a",
        "ssh://-oProxyCommand=x/a",
        "ssh://-l@h.example/a",
        "ssh://h.example/a'b",
        "ssh://h.example:99999/a",
        "-x@h.example:a",
        "git@-h.example:a",
        "git@h.example:-a",
        "git@h.example:a;id",
        "https://h.example/a\nb",
        "https://[/a",
        "u:hunter2@h.example:a",
    ],
)
def test_a_bad_url_is_refused_in_one_line(url: str) -> None:
    """What is no plain remote is refused before libgit2 sees it, and its secret is not shown."""
    with pytest.raises(SyncFault) as caught:
        address(url)

    assert str(caught.value).isprintable()
    assert "hunter2" not in str(caught.value)
