"""The forge that mirrors lie on: who administers it, and what people have there."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import Any

from stories.machine import Machine

Everything = dict[str, Any]
"""What people have on a mirror, by what and number."""

UNIT = "forge.service"
TOKEN_FILE = "/root/forge-token"
"""Where the sweep's token is, on the machine that sweeps."""
OWNER = "recipes"
"""The organisation that has the mirrors."""

_HOST = "forge:3000"
_MIRRORED = re.compile(r"\trefs/(heads/main$|tags/)")
_ADMIN, _SWEEPER, _PASSWORD = "overseer", "sweeper", "correct-horse-9"
# to push and to settle, to make a mirror in the organisation, and for doctor to ask whose it is
_SCOPES = ("write:repository", "write:issue", "write:organization", "read:user")


@dataclass
class Hoster:
    """Whoever runs the forge on ``forge``, and asks it from the machine that sweeps."""

    machine: Machine
    forge: Machine
    _token: str = field(default="", repr=False)

    def opens(self) -> None:
        """Make an organisation, and an account for the sweep that may make mirrors in it."""
        self.comes_up()
        person = f"--password {_PASSWORD} --must-change-password=false"
        self._manages(f"user create --admin --username {_ADMIN} --email root@example.org {person}")
        said = self._manages(
            f"user generate-access-token --username {_ADMIN} --token-name all --scopes all --raw"
        )
        self._token = said.split()[-1]
        self._manages(f"user create --username {_SWEEPER} --email bot@example.org {person}")
        self.does("POST", "/orgs", {"username": OWNER})
        team = {
            "name": "sweepers",
            "permission": "write",
            "units": ["repo.code", "repo.pulls", "repo.issues"],
            "can_create_org_repo": True,
        }
        number = self.does("POST", f"/orgs/{OWNER}/teams", team)["id"]
        self.does("PUT", f"/teams/{number}/members/{_SWEEPER}")
        made = self._manages(
            f"user generate-access-token --username {_SWEEPER} --token-name sweep"
            f" --scopes {','.join(_SCOPES)} --raw"
        )
        self.machine.succeed(f"umask 077; echo {made.split()[-1]} >{TOKEN_FILE}")

    def comes_up(self) -> None:
        """Wait until the forge answers."""
        self.forge.wait_for_unit(UNIT)
        self.machine.wait_until_succeeds(f"curl --silent --fail http://{_HOST}/api/v1/version")

    def goes_down(self) -> None:
        """The forge is not there any more; what it has stays."""
        self.forge.succeed(f"systemctl stop {UNIT}")

    def comes_back(self) -> None:
        """It is there again."""
        self.forge.succeed(f"systemctl start {UNIT}")
        self.comes_up()

    def url_of(self, recipe: str) -> str:
        """Where a person, who may do everything, pushes to a mirror."""
        return f"http://{_ADMIN}:{self._token}@{_HOST}/{OWNER}/{recipe}"

    def knows(self, recipe: str) -> bool:
        """Whether the forge has a recipe's mirror."""
        asked = f"curl --silent --output /dev/null --fail {self._asking(self._api(recipe))}"
        return self.machine.execute(asked)[0] == 0

    def is_public(self, recipe: str) -> bool:
        """Whether everybody may see a recipe's mirror."""
        return not self.does("GET", self._api(recipe))["private"]

    def refs(self, recipe: str) -> str:
        """Main and the tags of a recipe's mirror, and what they name."""
        return main_and_tags(self.machine.succeed(f"git ls-remote {self.url_of(recipe)}"))

    def pull(self, recipe: str, branch: str) -> int:
        """Somebody opens a pull request for a branch of the mirror; its number."""
        about = {"head": branch, "base": "main", "title": f"about {branch}"}
        return int(self.does("POST", f"{self._api(recipe)}/pulls", about)["number"])

    def comment(self, recipe: str, number: int, text: str) -> None:
        """Somebody says something on a pull request or an issue."""
        self.does("POST", f"{self._api(recipe)}/issues/{number}/comments", {"body": text})

    def issue(self, recipe: str) -> int:
        """Somebody opens an issue; its number."""
        return int(self.does("POST", f"{self._api(recipe)}/issues", {"title": "why?"})["number"])

    def everything(self, recipe: str) -> Everything:
        """All that people have on a mirror, by what and number, as far as it is theirs."""
        api = self._api(recipe)
        about = self.does("GET", api)
        kept = ("default_branch", "private", "archived", "full_name", "description")
        found: Everything = {"repository": {name: about[name] for name in kept}}
        for line in self.machine.succeed(f"git ls-remote {self.url_of(recipe)}").splitlines():
            found[f"ref {line.split()[1]}"] = line.split()[0]
        for each in self.does("GET", f"{api}/pulls?state=all&limit=50"):
            found[f"pull {each['number']}"] = _lasting(each)
        for each in self.does("GET", f"{api}/issues?state=all&type=issues&limit=50"):
            found[f"issue {each['number']}"] = each
        for each in self.does("GET", f"{api}/issues/comments?limit=50"):
            found[f"comment {each['id']}"] = each
        return found

    def comments(self, recipe: str, number: int) -> list[str]:
        """What is said on a pull request."""
        said = self.does("GET", f"{self._api(recipe)}/issues/{number}/comments")
        return [str(each["body"]) for each in said]

    def does(self, method: str, path: str, body: object = None) -> Any:
        """What the forge answers to its administrator, who has asked for something that goes."""
        words = self._asking(path)
        if body is not None:
            words += f" --json {shlex.quote(json.dumps(body))}"
        asked = f"curl --silent --show-error --fail-with-body --request {method} {words}"
        said = self.machine.succeed(asked)
        return json.loads(said) if said.strip() else None

    def _asking(self, path: str) -> str:
        login = shlex.quote(f"Authorization: token {self._token}")
        return f"--header {login} {shlex.quote(f'http://{_HOST}/api/v1{path}')}"

    def _api(self, recipe: str) -> str:
        return f"/repos/{OWNER}/{recipe}"

    def _manages(self, words: str) -> str:
        return self.forge.succeed(f"forge-manage admin {words}")


def main_and_tags(refs: str) -> str:
    """Of the refs of a repository, those that a mirror has of upstream's."""
    return "\n".join(line for line in refs.splitlines() if _MIRRORED.search(line))


def _lasting(pull: dict[str, Any]) -> dict[str, Any]:
    """A pull request without what only follows from main, which moves."""
    followed = ("merge_base", "mergeable", "base", "head")
    told = {name: value for name, value in pull.items() if name not in followed}
    sides = {
        side: {name: pull[side][name] for name in ("ref", "label")} for side in ("base", "head")
    }
    return told | sides | {"commit": pull["head"]["sha"]}
