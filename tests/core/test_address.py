"""URLs of remotes and engines: what is refused, and which are one place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canon_sweep.core.address import address_problem, engine_problem, read_address, same_place


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("git.example.org/a/b", "neither a URL nor an absolute path"),
        ("../b.git", "neither a URL nor an absolute path"),
        ("b.git", "neither a URL nor an absolute path"),
        ("https:/git.example.org/a/b", "two slashes"),
        ("ftp://git.example.org/a/b", "scheme is none of"),
        ("https://bot@git.example.org/a/b", "must not carry a login"),
        ("https://bot:hunter2@git.example.org/a/b", "must not carry a login"),
        ("ssh://git:hunter2@git.example.org/a/b", "must not carry a login"),
        ("https://git.example.org/a/b?token=hunter2", "a query"),
        ("https://git.example.org:many/a/b", "not a URL"),
        ("https:///a/b", "host"),
        ("https://git.example.org", "path is empty"),
        ("file://host/a", "file:///folder"),
        ("-oProxyCommand=touch", "not a URL"),
    ],
)
def test_what_is_no_remotes_url(text: str, cause: str) -> None:
    """The reason is told, and nothing of a secret."""
    problem = address_problem(text)

    assert problem is not None
    assert cause in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    "text",
    [
        "/srv/git/b",
        "file:///srv/git/b",
        "https://git.example.org/a/b",
        "http://127.0.0.1:3000/a/b",
        "git://git.example.org/a/b",
        "ssh://git@git.example.org:2222/a/b",
        "git@git.example.org:a/b",
        "https://[::1]:3000/a/b",
    ],
)
def test_what_is_a_remotes_url(text: str) -> None:
    """Nothing is wrong with it."""
    assert address_problem(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/srv/b", "file:///srv/b"),
        ("/srv/b", "/srv/b/"),
        ("/srv/b", "//srv/./a/..//b"),
        ("/srv/b", "/srv/b/.git"),
        ("/srv/a b", "file:///srv/a%20b"),
        ("https://h/a/b", "https://h/a/b.git/"),
        ("https://h/a/b", "https://H:443/A/b"),
        ("https://h/a/b", "http://h:80/a/b"),
        ("https://h/a/b", "git://h:9418/a/b"),
        ("https://h/a/b", "git@h:a/b"),
        ("https://h/a/b", "h:/a/b.git"),
        ("https://h/a/b", "ssh://me@h:2222/a/b"),
        ("https://h/a/b", "https://h/x/../a/%62"),
        ("https://h/a/b", "https://h/%2e%2e/a/b"),
        ("git@h:a/b", "ssh://git@h/~/a/b"),
        ("https://[::1]/a/b", "https://[0:0::0001]/a/b"),
    ],
)
def test_spellings_of_one_place(one: str, other: str) -> None:
    """Whatever reaches the same repository compares equal."""
    assert same_place(one) == same_place(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/srv/b", "/srv/c"),
        # a clone and the bare repository that is beside it
        ("/srv/b", "/srv/b.git"),
        ("/srv/b", "/srv/B"),
        ("/srv/a%20b", "/srv/a b"),
        ("/h/a/b", "https://h/a/b"),
        ("https://h/a/b", "https://h/a/c"),
        ("https://h/a/b", "https://h/b"),
        ("https://h/a/b", "https://i/a/b"),
        ("http://h:3000/a/b", "http://h:3001/a/b"),
        ("https://h/a/b", "https://h:8443/a/b"),
        ("https://h/a/b", "https://h/~/a/b"),
        ("/srv/a://%62", "/srv/a://b"),
    ],
)
def test_places_that_are_apart(one: str, other: str) -> None:
    """Nobody's right settings are refused."""
    assert same_place(one) != same_place(other)


@pytest.mark.parametrize(
    "text",
    [
        "unix:///var/run/docker.sock",
        "tcp://192.0.2.1:2375",
        "tcp://[::1]:2375",
        "https://host:2376",
    ],
)
def test_where_an_engine_may_listen(text: str) -> None:
    """As the Docker client takes it."""
    assert engine_problem(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "/var/run/docker.sock",
        "host:2375",
        "localhost",
        "unix://",
        "unix:/var/run/docker.sock",
        "unix://var/run/docker.sock",
        "npipe:////./pipe/docker_engine",
        "tcp://",
        "tcp://host:port",
        "tcp://host:99999",
        "tpc://host:1",
        "tcp://host:2375?x=y",
        "unix:///run/docker.sock#x",
    ],
)
def test_where_no_engine_listens(text: str) -> None:
    """An example of the right form is told."""
    assert "unix:///var/run/docker.sock" in str(engine_problem(text))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("tcp://host", "needs a port"),
        ("https://host", "needs a port"),
        ("tcp://host:0", "needs a port"),
        ("ssh://root:hunter2@host", "must not carry a login"),
        ("tcp://bot:hunter2@host:2375", "must not carry a login"),
        ("ssh://root@host", "forward its socket"),
    ],
)
def test_an_engines_url_that_its_client_would_refuse(text: str, cause: str) -> None:
    """Told when the settings are read, and without the secret."""
    problem = engine_problem(text)

    assert problem is not None
    assert cause in problem
    assert "hunter2" not in problem


def test_this_machine_has_many_names() -> None:
    """None of which says that it is another; the address of another loopback may be another's."""
    here = ("localhost", "LOCALHOST", "127.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]")

    assert len({same_place(f"http://{host}:3000/a/b") for host in here}) == 1
    assert same_place("http://127.0.0.2:3000/a/b") != same_place("http://127.0.0.1:3000/a/b")


hosts = st.from_regex(r"[a-z](?:[a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)
names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True)
paths = st.lists(names, min_size=1, max_size=4)
ways = st.sampled_from(
    ["https://{}/{}", "http://{}:80/{}", "git://{}/{}", "ssh://git@{}:2222/{}", "me@{}:{}"]
)


@given(hosts, paths, ways, st.data())
def test_any_spelling_of_a_place_is_that_place(
    host: str, path: list[str], way: str, data: st.DataObject
) -> None:
    """Doubled slashes, dots, detours, large letters, `.git`: in any mixture."""
    noise = st.sampled_from(["", "/", "./", "x/../"])
    spelled = "/".join(data.draw(noise).lstrip("/") + part for part in path)
    spelled += data.draw(st.sampled_from(["", "/", ".git", ".git/", "//"]))
    spelled = data.draw(st.sampled_from([spelled, spelled.upper().replace(".GIT", ".git")]))

    one = same_place(f"https://{host}/{'/'.join(path)}")

    assert same_place(way.format(host.upper(), spelled)) == one


@given(hosts, hosts, paths, paths, ways)
def test_no_two_places_are_one(
    host: str, other: str, path: list[str], there: list[str], way: str
) -> None:
    """What differs in host or path is kept apart, whatever way leads there."""
    one = same_place(f"https://{host}/{'/'.join(path)}")

    assert (same_place(way.format(other, "/".join(there))) == one) is (
        (host, path) == (other, there)
    )


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://h.example/other", True),
        ("https://h.example:443/a", True),
        ("https://H.EXAMPLE/a", True),
        ("http://h.example/a", False),
        ("https://h.example:8443/a", False),
        ("https://h.example.evil/a", False),
        ("https://evil@h.example:99999/a", False),
        ("", False),
    ],
)
def test_a_server_is_a_scheme_a_host_and_a_port(url: str, same: bool) -> None:
    """A login for one of them is for no other."""
    assert read_address("https://H.example/a").has_server_of(url) is same
