"""What the configuration says of remotes: where they are, and how to log in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from canon_sweep.core.address import address_problem, credential_problem, same_place
from canon_sweep.settings.records import Credential
from canon_sweep.settings.tables import key_of

_SECRETS = ("tokenFile", "sshKeyFile")
_KEYS = {field.encode_name for field in msgspec.structs.fields(Credential)}


@dataclass(frozen=True, slots=True)
class _Remote:
    """A remote that a recipe names, and its place in one spelling."""

    recipe: str
    kind: str
    place: str

    @property
    def key(self) -> str:
        return key_of(key_of("recipes", self.recipe), self.kind)


def url_problems(recipes: Mapping[str, Any]) -> Iterator[str]:
    """The remotes' URLs that can never work."""
    for name, kind, text in _texts(recipes):
        problem = address_problem(text)
        if problem:
            yield f"{key_of(key_of('recipes', name), kind)}: {problem}"


def shared_problems(recipes: Mapping[str, Any]) -> Iterator[str]:
    """Mirrors that are somebody else's too, in whatever spelling.

    A mirror is made equal to its one upstream: what another recipe has there is
    overwritten and deleted in every run.
    """
    remotes = [
        _Remote(name, kind, same_place(text))
        for name, kind, text in _texts(recipes)
        if not address_problem(text)
    ]
    upstreams = [remote for remote in remotes if remote.kind == "upstream"]
    seen: dict[str, _Remote] = {}
    for mirror in (remote for remote in remotes if remote.kind == "mirror"):
        first = seen.setdefault(mirror.place, mirror)
        if first is not mirror:
            yield (
                f"{mirror.key}: is the same as {first.key}: each recipe would delete the"
                " other's branches and tags; give each a mirror of its own"
            )
        for upstream in upstreams:
            if upstream.place == mirror.place:
                yield _overwritten(mirror, upstream)


def credentials_problems(credentials: Mapping[str, Any]) -> Iterator[str]:
    """Credentials that would never be used."""
    for name, body in credentials.items():
        at = key_of("credentials", name)
        problem = credential_problem(name)
        if problem:
            yield f"{at}: {problem}"
        # a key that nobody knows has been told already, and may be the one that is missed
        known = isinstance(body, dict) and body.keys() <= _KEYS
        if known and not any(body.get(key) for key in _SECRETS):
            yield f"{at}: has no secret: name its {' or '.join(_SECRETS)}"


def _overwritten(mirror: _Remote, upstream: _Remote) -> str:
    if mirror.recipe == upstream.recipe:
        return f"{mirror.key}: is the same as upstream"
    return f"{mirror.key}: is the same as {upstream.key}: an upstream would be overwritten"


def _texts(recipes: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Each recipe's name, ``upstream`` or ``mirror``, and its URL, where it is a text."""
    for name, body in recipes.items():
        for kind in ("upstream", "mirror"):
            text = body.get(kind) if isinstance(body, dict) else None
            if isinstance(text, str) and text:
                yield name, kind, text
