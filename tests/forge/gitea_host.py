"""A real Gitea on the loopback: accounts, organisations, repositories, pull requests.

Tests change it through its API and look into its repositories on disk, as its
administrator could.
"""

from __future__ import annotations

import base64
import json
import os
import pwd
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canon_sweep.settings.credential import Credential
from canon_sweep.settings.values import SecretFile
from forge import program
from forge.configuration import configuration
from mirror.servers import HOST, free_port
from mirror.world import GIT_ENV, Repo

ADMIN = "root-of-it"
SWEEPER = "sweeper"
START_SECONDS = 90.0
KNOWN_SECONDS = 30.0
# what the sweep's account needs: to push, and to settle pull requests
SCOPES = ("write:repository", "write:issue")

_PAUSE_SECONDS = 0.05
_PASSWORD = "correct-horse-9"


class CannotStart(Exception):
    """Why there is no Gitea here."""


@dataclass(frozen=True)
class Answer:
    """What the API said; the names of ``headers`` are in small letters."""

    status: int
    headers: Mapping[str, str]
    json: Any


@dataclass
class Gitea:
    """A running server, with an administrator and the sweep's own account."""

    root: Path
    port: int
    admin_token: str = ""
    _process: subprocess.Popen[bytes] | None = None
    _count: int = 0

    @classmethod
    def started(cls, root: Path) -> Gitea:
        """A server of its own in an empty folder.

        Raises:
            CannotStart: it cannot be built here, or does not come up.
        """
        server = cls(root, free_port())
        try:
            server._install()
            server.start()
            server.user(SWEEPER)
        except BaseException:
            server.stop()
            raise
        return server

    @property
    def address(self) -> str:
        """Its host and port, as credentials are listed by."""
        return f"{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://{self.address}"

    def start(self) -> None:
        """Start it, again with what it had if it was stopped."""
        with (self.root / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command(), "web"],
                env=self._env(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_up():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise CannotStart(f"Gitea does not come up: {self._log()}")
            time.sleep(_PAUSE_SECONDS)

    def stop(self) -> None:
        """End it; what it has stays."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def name(self, noun: str) -> str:
        """A name that nothing on this server has yet."""
        self._count += 1
        return f"{noun}-{self._count}"

    def ask(
        self, method: str, path: str, body: object = None, *, token: str | None = None
    ) -> Answer:
        """Ask the API, as the administrator unless a token says as whom; no redirect is followed.

        ``path`` begins behind ``/api/v1``.
        """
        login = f"token {self.admin_token if token is None else token}"
        return self._send(method, path, body, login)

    def does(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Any:
        """The JSON of an answer that is a success."""
        answer = self.ask(method, path, body, token=token)
        assert 200 <= answer.status < 300, (method, path, answer)
        return answer.json

    def every(self, path: str) -> list[Any]:
        """All of a list, page by page."""
        found: list[Any] = []
        separator = "&" if "?" in path else "?"
        for page in range(1, 100):
            part = self.does("GET", f"{path}{separator}limit=50&page={page}")
            found += part
            if len(part) < 50:
                return found
        raise AssertionError(f"{path} has no end")

    def user(self, name: str) -> None:
        """One more account."""
        about = {
            "username": name,
            "email": f"{name}@example.org",
            "password": _PASSWORD,
            "must_change_password": False,
        }
        self.does("POST", "/admin/users", about)

    def token(self, user: str, *scopes: str) -> str:
        """A new token of an account, which may do this and no more."""
        login = "Basic " + base64.b64encode(f"{user}:{_PASSWORD}".encode()).decode()
        about = {"name": self.name("token"), "scopes": list(scopes)}
        answer = self._send("POST", f"/users/{user}/tokens", about, login)
        assert answer.status == 201, answer
        return str(answer.json["sha1"])

    def login(self, token: str, folder: Path, user: str = SWEEPER) -> dict[str, Credential]:
        """The settings' credentials for this server, with a token file in the folder."""
        file = folder / self.name("token")
        file.write_text(f"{token}\n")
        return {self.address: Credential(username=user, token_file=SecretFile(file))}

    def org(self) -> str:
        """An organisation of its own, in which the sweep's account may do everything."""
        name = self.name("recipes")
        self.does("POST", "/orgs", {"username": name})
        owners = self.does("GET", f"/orgs/{name}/teams")[0]["id"]
        self.does("PUT", f"/teams/{owners}/members/{SWEEPER}")
        return name

    def repo(self, owner: str, name: str, **options: object) -> Repository:
        """An empty repository of an organisation."""
        about = {"name": name, "default_branch": "main", "auto_init": False, **options}
        self.does("POST", f"/orgs/{owner}/repos", about)
        return Repository(self, owner, name)

    def _command(self) -> list[str]:
        return [str(program.gitea() / "gitea"), "--config", str(self.root / "app.ini")]

    def _env(self) -> dict[str, str]:
        own = {"HOME": str(self.root), "GITEA_WORK_DIR": str(self.root), "USER": _user()}
        return {**GIT_ENV, **own}

    def _install(self) -> None:
        text = configuration(
            user=_user(),
            root=str(self.root),
            listen=HOST,
            url=self.url,
            static=str(program.gitea()),
            secret=secrets.token_hex(16),
        )
        (self.root / "app.ini").write_text(text)
        self._run("migrate")
        self._run(
            *("admin", "user", "create", "--admin", "--username", ADMIN, "--password", _PASSWORD),
            *("--email", "root@example.org", "--must-change-password=false"),
        )
        self.admin_token = self._run(
            *("admin", "user", "generate-access-token", "--username", ADMIN),
            *("--token-name", "all", "--scopes", "all", "--raw"),
        ).split()[-1]

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [*self._command(), *words],
            env=self._env(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CannotStart(f"gitea {words[0]}: {done.stdout[-300:]} {done.stderr[-300:]}")
        return done.stdout

    def _is_up(self) -> bool:
        with suppress(OSError):
            return self._send("GET", "/version", None, "").status == 200
        return False

    def _log(self) -> str:
        return (self.root / "log").read_text(errors="replace")[-800:]

    def _send(self, method: str, path: str, body: object, login: str) -> Answer:
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": login},
            method=method,
        )
        try:
            with _OPENER.open(request, timeout=30) as told:
                return _answer(told.status, told.headers, told.read())
        except urllib.error.HTTPError as told:
            return _answer(told.code, told.headers, told.read())


@dataclass(frozen=True)
class Repository:
    """One repository of the server, by its API and on its disk."""

    host: Gitea
    owner: str
    name: str

    @property
    def url(self) -> str:
        """Where git has it."""
        return f"{self.host.url}/{self.owner}/{self.name}.git"

    @property
    def api(self) -> str:
        """Where the API has it."""
        return f"/repos/{self.owner}/{self.name}"

    @property
    def git(self) -> Repo:
        """It, on the server's disk."""
        folder = f"{self.owner}/{self.name}.git".lower()
        return Repo(self.host.root / "repositories" / folder)

    @property
    def admins_url(self) -> str:
        """The same with the administrator's login, for git itself."""
        return self.url.replace("://", f"://x:{self.host.admin_token}@")

    def takes(self, repo: Repo) -> None:
        """Push all that a repository has, as the administrator."""
        repo.git("push", "-q", "--mirror", self.admins_url)

    def allows(self, user: str, permission: str) -> None:
        """Let an account do this here: read, write or admin."""
        self.host.does("PUT", f"{self.api}/collaborators/{user}", {"permission": permission})

    def hides_from(self, user: str) -> None:
        """Let an account that was let in see nothing of it."""
        self.becomes(private=True)
        self.host.does("DELETE", f"{self.api}/collaborators/{user}")

    def becomes(self, **options: object) -> None:
        """Change what it is: private, archived, its name."""
        self.host.does("PATCH", self.api, options)

    def protects_branch(self, name: str, **options: object) -> None:
        """Nobody may push to a branch, unless the options say so."""
        self.host.does("POST", f"{self.api}/branch_protections", {"rule_name": name, **options})

    def protects_tags(self, pattern: str) -> None:
        """Nobody but the administrator may push such tags."""
        about = {"name_pattern": pattern, "whitelist_usernames": [ADMIN]}
        self.host.does("POST", f"{self.api}/tag_protections", about)

    def pull(self, head: str, title: str, base: str = "main") -> int:
        """Open a pull request; its number.

        A branch that was just pushed is in git at once, and in Gitea's database a moment later.
        """
        about = {"head": head, "base": base, "title": title}
        deadline = time.monotonic() + KNOWN_SECONDS
        while (answer := self.host.ask("POST", f"{self.api}/pulls", about)).status == 404:
            assert time.monotonic() < deadline, answer
            time.sleep(_PAUSE_SECONDS)
        assert answer.status == 201, answer
        return int(answer.json["number"])

    def issue(self, title: str) -> int:
        """Open an issue; its number."""
        return int(self.host.does("POST", f"{self.api}/issues", {"title": title})["number"])

    def comment(self, number: int, text: str) -> None:
        """Say something on an issue or a pull request."""
        self.host.does("POST", f"{self.api}/issues/{number}/comments", {"body": text})

    def comments(self, number: int) -> list[str]:
        """What is said on an issue or a pull request."""
        said = self.host.every(f"{self.api}/issues/{number}/comments")
        return [str(each["body"]) for each in said]

    def state(self, number: int) -> str:
        """Whether a pull request is open or closed."""
        return str(self.host.does("GET", f"{self.api}/pulls/{number}")["state"])

    def everything(self) -> dict[str, Any]:
        """All that people have here, by what and number, as the API and the disk have it."""
        found: dict[str, Any] = {f"ref {ref}": oid for ref, oid in self.git.refs().items()}
        for each in self.host.every(f"{self.api}/issues?state=all&type=issues"):
            found[f"issue {each['number']}"] = each
        for each in self.host.every(f"{self.api}/pulls?state=all"):
            found[f"pull {each['number']}"] = _lasting(each)
        for each in self.host.every(f"{self.api}/issues/comments"):
            found[f"comment {each['id']}"] = each
        about = self.host.does("GET", self.api)
        names = ("default_branch", "private", "archived", "description", "full_name")
        found["repository"] = {name: about[name] for name in names}
        return found


def _lasting(pull: dict[str, Any]) -> dict[str, Any]:
    """A pull request without what follows from its base: main moves."""
    told = {name: value for name, value in pull.items() if name not in ("merge_base", "mergeable")}
    told["base"] = {name: pull["base"][name] for name in ("ref", "label")}
    told["head"] = {name: pull["head"][name] for name in ("ref", "label", "sha")}
    return told


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **named: Any) -> None:
        """Follow none: what is asked is what is answered."""


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def _answer(status: int, headers: Any, body: bytes) -> Answer:
    names = {name.lower(): value for name, value in headers.items()}
    try:
        read = json.loads(body) if body else None
    except ValueError:
        read = None
    return Answer(status, names, read)


def _user() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name
