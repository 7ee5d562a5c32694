"""Gitea and Forgejo: one interface, its first version."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import msgspec
from msgspec.structs import replace

from canon_sweep.core.place import Place
from canon_sweep.core.pull import Pull
from canon_sweep.forge.protocol import Branch, Guarded, Listing, Repository, TakenFault
from canon_sweep.mirror import again
from canon_sweep.web import (
    Answer,
    LargeFault,
    MissingFault,
    Request,
    RightsFault,
    ServerFault,
    ShapeFault,
    StatusFault,
    json_of,
    send,
)

SECONDS = 20.0
"""How long one answer may take."""
PATIENCE = 30.0
"""How long a busy server is waited for, all in all, before one answer."""
PAGE = 50
MOST_PAGES = 20
# a pull request is some ten kilobytes, as it has both of its repositories in it
_MOST = 8 * 1024 * 1024
_BUSY = frozenset({429, 503})
# what comes with any other may be said by somebody in between, when it was done already
_BUSY_FOR_SURE = frozenset({429})
_DRAFT = ("wip:", "[wip]", "draft:", "[draft]")

T = TypeVar("T")


class _Side(msgspec.Struct):
    ref: str = ""
    sha: str = ""


class _Pull(msgspec.Struct):
    number: int
    state: str
    base: _Side | None = None
    head: _Side | None = None
    draft: bool = False
    merged: bool = False
    title: str = ""

    @property
    def plain(self) -> Pull:
        """It as everybody else knows it."""
        base, head = self.base or _Side(), self.head or _Side()
        return Pull(
            number=self.number,
            head=head.sha,
            base=base.ref,
            is_draft=self.draft or self.title.lstrip().lower().startswith(_DRAFT),
            is_open=self.state == "open",
            is_merged=self.merged,
        )


class _Comment(msgspec.Struct):
    body: str


class _User(msgspec.Struct):
    login: str


class _Permissions(msgspec.Struct):
    admin: bool = False
    push: bool = False
    pull: bool = False


class _Repository(msgspec.Struct):
    name: str
    owner: _User
    permissions: _Permissions | None = None
    default_branch: str = ""
    private: bool = False
    archived: bool = False
    empty: bool = False
    mirror: bool = False
    has_pull_requests: bool = True


class _Branch(msgspec.Struct):
    protected: bool = False
    user_can_push: bool = False


class _Guarded(msgspec.Struct):
    name_pattern: str
    whitelist_usernames: list[str] | None = None
    teams: list[str] | None = msgspec.field(default=None, name="whitelist_teams")


class Gitea(msgspec.Struct, frozen=True):
    """A Gitea or a Forgejo at a URL, and the file with the token that it is asked with."""

    url: str
    token_file: Path

    def pulls(self, place: Place) -> Listing:
        """As `protocol.Forge`; a repository without pull requests has none."""
        try:
            return self._listed(place)
        except MissingFault:
            # what is not there, is empty, and has them switched off, is answered alike
            found = self.repository(place)
            if found.has_pulls and not found.is_empty:
                raise
            return Listing(place if found.place.is_same(place) else found.place, ())

    def pull(self, place: Place, number: int) -> Pull:
        """As `protocol.Forge`."""
        return json_of(self._get(f"/repos/{place.path}/pulls/{number}"), _Pull).plain

    def comments(self, place: Place, number: int) -> tuple[str, ...]:
        """As `protocol.Forge`."""
        texts: list[str] = []
        path = f"/repos/{place.path}/issues/{number}/comments?"
        for answer in self._pages(path):
            page = json_of(answer, list[_Comment])
            texts += (comment.body for comment in page)
            if not page or not _has_more(answer, len(texts)):
                return tuple(texts)
        raise LargeFault(f"{self._shown} has more comments on #{number} than are looked at")

    def close(self, place: Place, number: int) -> bool:
        """As `protocol.Forge`."""
        answer = self._send("PATCH", f"/repos/{place.path}/pulls/{number}", {"state": "closed"})
        if answer.status == 412:
            # also said of one that waits for another one
            if self.pull(place, number).is_merged:
                return False
            said = " ".join(answer.text[:200].split())
            raise StatusFault(f"{answer.url} answers 412: {said}")
        if json_of(answer, _Pull).state != "closed":
            raise ShapeFault(f"{answer.url} says that it is closed, and it is not")
        return True

    def say(self, place: Place, number: int, text: str) -> None:
        """As `protocol.Forge`."""
        answer = self._send("POST", f"/repos/{place.path}/issues/{number}/comments", {"body": text})
        json_of(answer, _Comment)

    def repository(self, place: Place) -> Repository:
        """As `protocol.Forge`."""
        found = json_of(self._get(f"/repos/{place.path}"), _Repository)
        may = found.permissions or _Permissions()
        return Repository(
            place=Place(found.owner.login, found.name),
            default_branch=found.default_branch,
            is_private=found.private,
            is_archived=found.archived,
            is_empty=found.empty,
            is_pull_mirror=found.mirror,
            has_pulls=found.has_pull_requests,
            may_read=may.pull,
            may_push=may.push,
            may_admin=may.admin,
        )

    def branch(self, place: Place, name: str) -> Branch:
        """As `protocol.Forge`."""
        found = json_of(self._get(f"/repos/{place.path}/branches/{quote(name)}"), _Branch)
        return Branch(is_protected=found.protected, may_push=found.user_can_push)

    def guarded(self, place: Place) -> tuple[Guarded, ...]:
        """As `protocol.Forge`."""
        found = json_of(self._get(f"/repos/{place.path}/tag_protections"), list[_Guarded])
        return tuple(
            Guarded(each.name_pattern, tuple(each.whitelist_usernames or ()), bool(each.teams))
            for each in found
        )

    def account(self) -> str:
        """As `protocol.Forge`."""
        return json_of(self._get("/user"), _User).login

    def create(self, place: Place, *, private: bool) -> None:
        """As `protocol.Forge`."""
        owner, _, _ = place.path.partition("/")
        path = "/user/repos" if self._is_own(place) else f"/orgs/{owner}/repos"
        wanted = {
            "name": place.name,
            "private": private,
            "auto_init": False,
            "default_branch": "main",
        }
        answer = self._send("POST", path, wanted)
        if answer.status == 409:
            raise TakenFault(
                f"{self._shown} has a repository {place} already, which the token may not see",
                do="let the token's owner see and write it",
            )
        if answer.status == 404:
            raise MissingFault(
                f"{self._shown} has no organization {place.owner} that the token may see",
                do="make it, or correct the mirror's URL",
            )
        json_of(answer, _Repository)

    def _is_own(self, place: Place) -> bool:
        try:
            return self.account().casefold() == place.owner.casefold()
        except RightsFault:
            # a token may be for repositories alone: then it is no person's, as far as we know
            return False

    def _listed(self, place: Place) -> Listing:
        found: dict[int, Pull] = {}
        first, is_whole = None, True
        path = f"/repos/{place.path}/pulls?state=open&sort=oldest&"
        for number, answer in enumerate(self._pages(path), start=1):
            first = first or answer
            page = json_of(answer, list[_Pull | None])
            known = len(found)
            found |= {each.number: each.plain for each in page if each is not None}
            if not page or not _has_more(answer, len(found)) or len(found) == known:
                break
            is_whole = number < MOST_PAGES
        assert first is not None
        return Listing(self._place_in(first, place), tuple(found.values()), is_whole)

    def _pages(self, path: str) -> Iterator[Answer]:
        for number in range(1, MOST_PAGES + 1):
            yield self._get(f"{path}page={number}&limit={PAGE}")

    def _place_in(self, answer: Answer, asked: Place) -> Place:
        """Where an answer came from: a repository that was renamed is redirected to."""
        _, _, path = answer.url.partition("/api/v1/repos/")
        owner, _, rest = path.partition("/")
        found = Place(unquote(owner), unquote(rest.partition("/")[0]))
        return found if found.owner and found.name and not found.is_same(asked) else asked

    def _get(self, path: str) -> Answer:
        answer = self._patiently(Request("GET", self._at(path), redirects=3))
        if answer.status in range(201, 300):
            # a part of an answer, say, or somebody's between us and the server
            raise StatusFault(f"{answer.url} answers {answer.status}, and only 200 is an answer")
        return answer

    def _send(self, method: str, path: str, body: dict[str, Any]) -> Answer:
        headers = {"Content-Type": "application/json"}
        content = json.dumps(body).encode()
        return self._patiently(Request(method, self._at(path), headers, content))

    @property
    def _shown(self) -> str:
        return Request("GET", self.url).shown.rstrip("/")

    def _at(self, path: str) -> str:
        return f"{self.url.rstrip('/')}/api/v1{path}"

    def _patiently(self, request: Request) -> Answer:
        """Send it; again, where the server wants to be left alone for a moment first."""
        request = replace(request, token_file=self.token_file, token_kind="token")  # noqa: S106
        busy = _BUSY if request.method == "GET" else _BUSY_FOR_SURE
        left = PATIENCE
        while True:
            answer = send(request, SECONDS, most=_MOST)
            if answer.status not in busy or "retry-after" not in answer.headers:
                return answer
            pause = max(0.1, again.seconds(answer.headers["retry-after"], datetime.now(UTC)))
            if pause > left:
                raise ServerFault(
                    f"{answer.url} answers {answer.status}, and wants to be left alone"
                    f" for {pause:.0f} s",
                    do="the next sweep asks again",
                )
            left -= pause
            time.sleep(pause)


def _has_more(answer: Answer, count: int) -> bool:
    total = answer.headers.get("x-total-count", "")
    if total.isascii() and total.isdigit():
        return int(total[:9]) > count
    return 'rel="next"' in answer.headers.get("link", "")
