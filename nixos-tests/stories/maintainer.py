"""A recipe's maintainer, who works on the machine and pushes to its git server."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from stories.machine import Machine

SERVES = "echo notes >$DATA/index.html; exec busybox httpd -f -p $PORT -h $DATA"
"""What a sound release of the app does: a page, and whatever was written to its volume."""
TAKES_LONG = f"{SERVES}; true takes long"
"""As sound, and whoever tests it takes an hour."""
LOSES = f"rm -f $DATA/*; {SERVES}"
"""A broken release: it begins anew, whatever was there."""

_SERVER = "git://127.0.0.1"
_COMPOSE = """\
version: "3.8"
services:
  app:
    image: canon-sweep/busybox:1
    command: ["sh", "-c", "{program}"]
    environment: {{DATA: /data, PORT: "8080"}}
    volumes: ["data:/data"]
    networks: ["proxy"]
    stop_grace_period: 100ms
    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"]
      interval: 1s
      timeout: 5s
      retries: 5
    deploy:
      labels: ["coop-cloud.${{STACK_NAME}}.version={tag}"]
    x-canon-sweep:
      command: ["sh", "-c", "{program}"]
      environment: {{DATA: "{{volumes.data}}", PORT: "{{ports.8080}}"}}
      ready: {{port: 8080, path: /}}
volumes:
  data:
networks:
  proxy:
    external: true
"""


@dataclass(frozen=True)
class Maintainer:
    """Whoever maintains one recipe; its mirror belongs to ``mirrors_owner``."""

    machine: Machine
    recipe: str
    mirrors_owner: str = "git"

    def begins(self) -> None:
        """Make upstream and mirror on the server, both empty, and a work tree."""
        for kind, owner in (("upstream", "git"), ("mirror", self.mirrors_owner)):
            folder = f"/srv/git/{kind}"
            self.machine.succeed(
                f"install --directory --owner={owner} --group={owner} {folder}",
                f"runuser -u {owner} -- git init --quiet --bare -b main {folder}/{self.recipe}",
            )
        self.machine.succeed(
            f"git init --quiet -b main {self._tree}",
            self._git("config user.name Maintainer"),
            self._git("config user.email maintainer@example.org"),
            self._git(f"remote add origin {_SERVER}/upstream/{self.recipe}"),
        )

    def publishes(self, tag: str, program: str = SERVES) -> None:
        """Release what the program is now."""
        self._commits(_compose(program, tag), f"Release {tag}")
        self.machine.succeed(
            self._git(f"tag --annotate --message {shlex.quote(tag)} {shlex.quote(tag)}"),
            self._git("push --quiet origin main --tags"),
        )

    def commits(self, program: str = SERVES) -> None:
        """Work on main, and release nothing."""
        self._commits(_compose(program, "unreleased"), "Work on it")
        self.machine.succeed(self._git("push --quiet origin main"))

    def works_on(self, branch: str, mirror: str) -> None:
        """Push a branch with two commits of its own to a mirror; it begins at main."""
        self.machine.succeed(self._git(f"checkout --quiet -b {branch} main"))
        for n in range(2):
            self.machine.succeed(
                f"echo {n} >>{self._tree}/{branch}.md",
                self._git(f"add {branch}.md"),
                self._git(f"commit --quiet --message 'Work on {branch}'"),
            )
        self.machine.succeed(
            self._git(f"push --quiet {mirror} {branch}"), self._git("checkout --quiet main")
        )

    def merges(self, branch: str) -> str:
        """Take a branch as it is; its last commit."""
        self.machine.succeed(
            self._git(f"merge --quiet --no-ff --message 'Merge {branch}' {branch}"),
            self._git("push --quiet origin main"),
        )
        return self.machine.succeed(self._git(f"rev-parse {branch}")).strip()

    def squashes(self, branch: str) -> str:
        """Take a branch as one commit, which is given."""
        self.machine.succeed(
            self._git(f"merge --quiet --squash {branch}"),
            self._git(f"commit --quiet --message 'All of {branch}'"),
            self._git("push --quiet origin main"),
        )
        return self.machine.succeed(self._git("rev-parse main")).strip()

    def withdraws(self, tag: str) -> None:
        """Take a release back."""
        self.machine.succeed(self._git(f"push --quiet --delete origin {shlex.quote(tag)}"))

    @property
    def _tree(self) -> str:
        return f"/root/maintainer/{self.recipe}"

    def _commits(self, compose: str, message: str) -> None:
        files = {"compose.yml": compose, ".env.sample": f"TYPE={self.recipe}\nDOMAIN=\n"}
        for name, text in files.items():
            self.machine.succeed(f"printf %s {shlex.quote(text)} >{self._tree}/{name}")
        self.machine.succeed(
            self._git("add --all"),
            # no commit is the same as another, whatever is in it
            self._git(f"commit --quiet --allow-empty --message {shlex.quote(message)}"),
        )

    def _git(self, words: str) -> str:
        return f"git -C {self._tree} {words}"


def _compose(program: str, tag: str) -> str:
    # a dollar that is not to be filled in before a shell sees it is written twice
    return _COMPOSE.format(program=program.replace("$", "$$"), tag=tag)
