"""A fake Gitea, for what a real one does not do: its faults are what a test writes.

Its answers have the shapes that were seen of Gitea 1.26, as far as anybody reads them.  Git is
the real one behind it, by smart HTTP on the same port.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from canon_sweep.settings.credential import Credential
from canon_sweep.settings.values import SecretFile
from http_host import HttpHost
from mirror.servers import own
from mirror.world import GIT_ENV, Repo

TOKEN = "a-bots-token"
BOT = "sweeper"
PAGE = b"<!DOCTYPE html><html><head><title>Sign In</title></head></html>"

Json = dict[str, Any]
_Said = tuple[int, Any, dict[str, str]]
_API = "/api/v1"
_NOT_FOUND = "The target couldn't be found."


@dataclass
class FakePull:
    """A pull request; its head is whatever ``refs/pull/N/head`` is."""

    number: int
    base: str = "main"
    title: str = "a change"
    draft: bool = False
    state: str = "open"
    merged: bool = False
    fork: str = ""
    comments: list[str] = field(default_factory=list)


@dataclass
class FakeRepo:
    """A repository of the forge: a bare one on disk, and what a forge has besides."""

    owner: str
    name: str
    repo: Repo
    private: bool = False
    archived: bool = False
    has_pulls: bool = True
    may_push: bool = True
    default_branch: str = "main"
    pulls: dict[int, FakePull] = field(default_factory=dict)
    issues: dict[int, str] = field(default_factory=dict)

    def opens(self, head: str, **more: Any) -> FakePull:
        """Somebody opens a pull request with this commit as its head."""
        number = len(self.pulls) + len(self.issues) + 1
        self.repo.set(f"refs/pull/{number}/head", head)
        self.pulls[number] = FakePull(number, **more)
        return self.pulls[number]

    def head(self, number: int) -> str:
        """The commit that a pull request wants merged."""
        return self.repo.refs()[f"refs/pull/{number}/head"]

    def everything(self) -> Json:
        """All that anybody could see of it, to be compared."""
        return {
            "refs": self.repo.refs(),
            "pulls": {n: vars(pull) | {"comments": [*pull.comments]} for n, pull in self._pulls()},
            "issues": dict(self.issues),
            "settings": (self.private, self.archived, self.default_branch),
        }

    def _pulls(self) -> list[tuple[int, FakePull]]:
        return sorted(self.pulls.items())

    def closed(self) -> set[int]:
        """The pull requests that are not open any more."""
        return {number for number, pull in self.pulls.items() if pull.state != "open"}


@dataclass
class Trouble:
    """What some requests are answered with: as many as ``times``, whose line ``on`` matches.

    ``late`` does what was asked first; ``drip`` sends a byte a tenth of a second for ever.
    """

    on: str
    status: int = 500
    body: bytes = b'{"message":"no"}'
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json;charset=utf-8"
    times: int = 1_000_000
    late: bool = False
    drip: bool = False
    hang: bool = False


@dataclass
class FakeForge:
    """A forge with repositories in ``ground``.

    A token that is ``blind`` is as good as the other, and no repository is shown to it.
    ``before`` is called with each request's line, and ``after`` when it was done, before anybody
    is told.
    """

    ground: Path
    url: str
    token_file: Path
    repos: dict[str, FakeRepo] = field(default_factory=dict)
    orgs: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    after: Callable[[str], None] = lambda _: None
    most_per_page: int = 50
    may_create: bool = True
    may_write: bool = True
    blind: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def makes(self, owner: str, name: str, **more: Any) -> FakeRepo:
        """A repository that is there."""
        repo = Repo.made(self.ground / owner / f"{name}.git")
        with (repo.path / "config").open("a") as config:
            config.write("[http]\n\treceivepack = true\n")
        self.repos[f"{owner}/{name}"] = made = FakeRepo(owner, name, repo, **more)
        return made

    def mirror(self, owner: str, name: str) -> str:
        """A repository's URL for git."""
        return f"{self.url}/{owner}/{name}.git"

    def table(self, **more: Any) -> Json:
        """The settings' table that names it."""
        return {"type": "gitea", "url": self.url, "tokenFile": str(self.token_file)} | more

    def logins(self) -> Json:
        """The settings' table of credentials for git, with the same token."""
        return {"127.0.0.1": {"username": BOT, "tokenFile": str(self.token_file)}}

    def credentials(self) -> dict[str, Credential]:
        """As `logins`, as a record."""
        login = Credential(username=BOT, token_file=SecretFile(self.token_file))
        return {"127.0.0.1": login}

    def wrote(self) -> list[str]:
        """The requests of the interface that would change something."""
        return [line for line in self.asked if not line.startswith(("GET", "GIT"))]

    def gets(self) -> list[str]:
        """The requests of the interface that change nothing."""
        return [line for line in self.asked if line.startswith("GET")]


class _NoError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


class _Handler(BaseHTTPRequestHandler):
    fake: FakeForge
    protocol_version = "HTTP/1.1"
    # head and body are two writes: the second is not to wait until the first was answered
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._take()

    def do_POST(self) -> None:
        self._take()

    def do_PATCH(self) -> None:
        self._take()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _take(self) -> None:
        body = self._body()
        path = urlsplit(self.path).path
        is_api = path.startswith(_API)
        line = f"{self.command} {self.path.removeprefix(_API)}" if is_api else f"GIT {self.path}"
        self.fake.asked.append(line)
        self.fake.before(line)
        trouble = next((t for t in self.fake.troubles if t.times and re.search(t.on, line)), None)
        if trouble:
            trouble.times -= 1
            self._troubled(trouble, path, body)
        elif is_api:
            answer = self._answer(path.removeprefix(_API), body)
            self.fake.after(line)
            self._reply(*answer)
        else:
            self._reply(*self._git(body))

    def _troubled(self, trouble: Trouble, path: str, body: bytes) -> None:
        if trouble.late:
            self._answer(path.removeprefix(_API), body)
        if trouble.hang:
            self.fake.over.wait()
            return
        if trouble.drip:
            self.send_response(200)
            self.send_header("Content-Type", trouble.kind)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            while not self.fake.over.wait(0.1):
                self.wfile.write(b" ")
            return
        headers = {"Content-Type": trouble.kind} | trouble.headers
        self._reply(trouble.status, headers, trouble.body)

    def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # -- the interface --

    def _answer(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        try:
            status, value, headers = self._says(path, json.loads(body or b"{}"))
        except _NoError as no:
            status, value, headers = no.status, {"message": no.message}, no.headers
        kind = {"Content-Type": "application/json;charset=utf-8"}
        return status, kind | headers, json.dumps(value).encode()

    def _says(self, path: str, given: Json) -> _Said:
        token = self.headers.get("Authorization")
        if self.fake.blind and token == f"token {self.fake.blind}" and "/repos/" in self.path:
            raise _NoError(404, _NOT_FOUND)
        if token not in (f"token {TOKEN}", f"token {self.fake.blind}"):
            raise _NoError(401, "invalid username, password or token")
        match [unquote(part) for part in path.strip("/").split("/")]:
            case ["user"]:
                return 200, {"id": 2, "login": BOT, "email": "bot@example.org"}, {}
            case ["user", "repos"] if self.command == "POST":
                return self._made(BOT, given)
            case ["orgs", org, "repos"] if self.command == "POST" and org in self.fake.orgs:
                return self._made(org, given)
            case ["repos", owner, name, *rest]:
                return self._of_repo(self._found(f"{owner}/{name}"), rest, given)
        raise _NoError(404, _NOT_FOUND)

    def _made(self, owner: str, given: Json) -> _Said:
        if not self.fake.may_create:
            raise _NoError(403, "Given user is not allowed to create repository.")
        if (self.fake.ground / owner / f"{given['name']}.git").exists():
            raise _NoError(409, "The repository with the same name already exists.")
        assert given["auto_init"] is False
        made = self.fake.makes(owner, given["name"], private=given["private"])
        made.default_branch = given["default_branch"]
        return 201, self._repository(made), {}

    def _found(self, name: str) -> FakeRepo:
        if name in self.fake.moved:
            location = self.path.replace(name, self.fake.moved[name])
            raise _NoError(301, "", {"Location": location})
        named = {key.lower(): repo for key, repo in self.fake.repos.items()}
        if name.lower() not in named:
            raise _NoError(404, _NOT_FOUND)
        return named[name.lower()]

    def _of_repo(self, found: FakeRepo, rest: list[str], given: Json) -> _Said:
        if not rest:
            return 200, self._repository(found), {}
        if not found.has_pulls or not found.repo.refs():
            raise _NoError(404, _NOT_FOUND)
        if rest == ["pulls"]:
            return self._listed(found)
        pull = found.pulls.get(int(rest[1]))
        if pull is None:
            raise _NoError(404, _NOT_FOUND)
        if self.command != "GET":
            return self._changed(found, pull, given)
        if rest[2:] == ["comments"]:
            return self._paged([{"id": n, "body": b} for n, b in enumerate(pull.comments)])
        return 200, self._pull(found, pull), {}

    def _changed(self, found: FakeRepo, pull: FakePull, given: Json) -> _Said:
        if not self.fake.may_write:
            raise _NoError(403, "token does not have at least one of required scope(s)")
        if found.archived:
            raise _NoError(423, f"{found.owner}/{found.name} is archived")
        if "body" in given:
            pull.comments.append(given["body"])
            return 201, {"id": 1, "body": given["body"]}, {}
        if pull.merged:
            raise _NoError(412, "cannot change state of this pull request, it was already merged")
        pull.state = given["state"]
        return 201, self._pull(found, pull), {}

    def _listed(self, found: FakeRepo) -> _Said:
        query = parse_qs(urlsplit(self.path).query)
        assert query["state"] == ["open"]
        pulls = [pull for _, pull in sorted(found.pulls.items()) if pull.state == "open"]
        return self._paged([self._pull(found, pull) for pull in pulls])

    def _paged(self, values: list[Json]) -> _Said:
        query = parse_qs(urlsplit(self.path).query)
        size = min(int(query["limit"][0]), self.fake.most_per_page)
        page = int(query["page"][0])
        headers = {"X-Total-Count": str(len(values))}
        if page * size < len(values):
            headers["Link"] = f'<{self.fake.url}{self.path}>; rel="next"'
        return 200, values[(page - 1) * size : page * size], headers

    def _pull(self, found: FakeRepo, pull: FakePull) -> Json:
        head = found.repo.refs().get(f"refs/pull/{pull.number}/head", "")
        whose = None if pull.fork == "gone" else {"full_name": pull.fork or f"{found.owner}/x"}
        return {
            "id": 100 + pull.number, "number": pull.number, "title": pull.title,
            "state": pull.state, "draft": pull.draft, "merged": pull.merged, "user": {"id": 1},
            "head": {"label": "topic", "ref": "topic", "sha": head, "repo": whose},
            "base": {"label": pull.base, "ref": pull.base, "sha": "", "repo": {}},
        }  # fmt: skip

    def _repository(self, found: FakeRepo) -> Json:
        push = found.may_push
        return {
            "id": 1, "owner": {"id": 3, "login": found.owner}, "name": found.name,
            "full_name": f"{found.owner}/{found.name}", "private": found.private,
            "empty": not found.repo.refs(), "archived": found.archived, "mirror": False,
            "default_branch": found.default_branch, "has_pull_requests": found.has_pulls,
            "permissions": {"admin": push, "push": push, "pull": True},
        }  # fmt: skip

    # -- git --

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _git(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        login = base64.b64encode(f"{BOT}:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {login}":
            return 401, {"WWW-Authenticate": 'Basic realm="Gitea"'}, b""
        parts = urlsplit(self.path)
        env = GIT_ENV | {
            "GIT_PROJECT_ROOT": str(self.fake.ground),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": unquote(parts.path),
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": BOT,
        }
        done = subprocess.run(
            [own("git-http-backend")], env=env, input=body, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = (line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        headers = dict(lines)
        return int(headers.pop("Status", "200").split()[0]), headers, content


@contextmanager
def fake_forge(folder: Path) -> Iterator[FakeForge]:
    """A forge without any repository, with a token that it accepts in a file."""
    token = folder / "forge-token"
    token.write_text(f"{TOKEN}\n")
    ground = folder / "forge"
    ground.mkdir()

    class Handler(_Handler):
        fake = FakeForge(ground, "", token)

    with HttpHost(("127.0.0.1", 0), Handler) as host:
        fake = Handler.fake
        fake.url = f"http://127.0.0.1:{host.server_port}"
        threading.Thread(target=host.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield fake
        finally:
            fake.over.set()
            host.shutdown()
