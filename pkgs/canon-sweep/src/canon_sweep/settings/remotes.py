"""What the configuration says of remotes: where they are, and how to log in."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from canon_sweep.core.address import (
    address_problem,
    credential_problem,
    folder_of,
    read_address,
    same_place,
)
from canon_sweep.settings.credential import Credential
from canon_sweep.settings.tables import key_of

_SECRETS = ("tokenFile", "sshKeyFile")
_KEYS = {field.encode_name for field in msgspec.structs.fields(Credential)}


class _Remote(msgspec.Struct, frozen=True):
    """A remote that a recipe names, and its place in one spelling."""

    recipe: str
    kind: str
    place: str

    @property
    def key(self) -> str:
        return key_of(key_of("recipes", self.recipe), self.kind)


def remote_problems(recipes: Mapping[str, Any], credentials: Mapping[str, Any]) -> Iterator[str]:
    """The remotes' URLs that can never work, or never should.

    A mirror is made equal to its one upstream: what another recipe has there is
    overwritten and deleted in every run.
    """
    remotes = []
    for name, kind, text in _texts(recipes):
        at = key_of(key_of("recipes", name), kind)
        problem = address_problem(text)
        if problem:
            yield f"{at}: {problem}"
            continue
        yield from _login_problems(at, text, credentials)
        remotes.append(_Remote(name, kind, _place(text)))
    yield from _shared_problems(remotes)


def _shared_problems(remotes: Sequence[_Remote]) -> Iterator[str]:
    """Mirrors that are somebody else's too, in whatever spelling."""
    upstreams = defaultdict(list)
    for remote in remotes:
        if remote.kind == "upstream":
            upstreams[remote.place].append(remote)
    seen: dict[str, _Remote] = {}
    for mirror in (remote for remote in remotes if remote.kind == "mirror"):
        first = seen.setdefault(mirror.place, mirror)
        if first is not mirror:
            yield (
                f"{mirror.key}: is the same as {first.key}: each recipe would delete the"
                " other's branches and tags; give each a mirror of its own"
            )
        for upstream in upstreams[mirror.place]:
            yield _overwritten(mirror, upstream)


def _login_problems(at: str, text: str, credentials: Mapping[str, Any]) -> Iterator[str]:
    """A remote that is reached by ssh, and whose host nobody could know."""
    address = read_address(text)
    body = next((credentials[key] for key in address.keys if key in credentials), None)
    if address.scheme == "ssh" and not (isinstance(body, dict) and body.get("knownHostsFile")):
        host = key_of("credentials", address.host)
        yield f"{at}: ssh needs known hosts: set knownHostsFile in {host}"


def credentials_problems(credentials: Mapping[str, Any]) -> Iterator[str]:
    """Credentials that would never be used."""
    for name, body in credentials.items():
        at = key_of("credentials", name)
        problem = credential_problem(name)
        if problem:
            yield f"{at}: {problem}"
        # a key that nobody knows has been told already, and may be the one that is missed
        if isinstance(body, dict) and body.keys() <= _KEYS:
            yield from _secret_problems(at, body)


def _secret_problems(at: str, body: Mapping[str, Any]) -> Iterator[str]:
    if not any(body.get(key) for key in _SECRETS):
        yield f"{at}: has no secret: name its {' or '.join(_SECRETS)}"
        return
    if body.get("sshKeyFile"):
        if not body.get("knownHostsFile"):
            yield f"{at}.knownHostsFile: missing: without it, ssh is refused and the key never used"
        return
    for key in ("sshPassphraseFile", "knownHostsFile"):
        if body.get(key):
            yield f"{at}.{key}: would never be used: there is no sshKeyFile"


def _overwritten(mirror: _Remote, upstream: _Remote) -> str:
    if mirror.recipe == upstream.recipe:
        return f"{mirror.key}: is the same as upstream"
    return f"{mirror.key}: is the same as {upstream.key}: an upstream would be overwritten"


def _place(text: str) -> str:
    """As `same_place`; links among the folders of this machine are followed."""
    folder = folder_of(text)
    return same_place(text if folder is None else os.path.realpath(folder))


def _texts(recipes: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Each recipe's name, ``upstream`` or ``mirror``, and its URL, where it is a text."""
    for name, body in recipes.items():
        for kind in ("upstream", "mirror"):
            text = body.get(kind) if isinstance(body, dict) else None
            if isinstance(text, str) and text:
                yield name, kind, text
