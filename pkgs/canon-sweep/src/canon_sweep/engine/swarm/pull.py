"""One image fetched from its registry, as long as there is news of it."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from typing import Any

import docker.auth
import docker.errors
import docker.utils

from canon_sweep.bounded import OverdueError, bounded
from canon_sweep.core import names
from canon_sweep.engine.swarm.registry import Word, word
from canon_sweep.engine.swarm.trouble import told
from canon_sweep.errors import HostFault

# without a tag the API would fetch every tag there is
DEFAULT_TAG = "latest"
# whose images' names begin with no host
HUB = "docker.io"
# of a registry's answer, which may be a whole page; the engine's own words come first
MOST_QUOTED = 500


class PullFault(HostFault):
    """A pull that failed; ``what`` is the engine's sentence about it.

    ``begun``: the registry was sending an image, so it is not the one that was here before;
    or there was no time left to ask it.
    """

    begun = False

    @property
    def word(self) -> Word:
        """What it tells of the image."""
        return word(self.what)


class LoginFault(PullFault):
    """The settings' login cannot be used; nobody was asked."""

    @property
    def word(self) -> Word:
        """Nothing: it is about a file of ours."""
        return Word.NOTHING


def registry_of(image: str) -> str:
    """The host, and port if any, at which an image's name is looked up; ``docker.io`` if none.

    Raises:
        ValueError: it is no name of an image.
    """
    return _resolved(image)[0]


def repository_of(image: str) -> str:
    """The name of an image as the engine lists it: without a tag, and short for Docker Hub's.

    Raises:
        ValueError: it is no name of an image.
    """
    name, _ = docker.utils.parse_repository_tag(image)
    registry, rest = _resolved(name)
    return rest.removeprefix("library/") if registry == HUB else f"{registry}/{rest}"


def listed(image: str) -> str:
    """The name of an image as the engine lists it, with its tag or its digest.

    Raises:
        ValueError: it is no name of an image.
    """
    _, tag = docker.utils.parse_repository_tag(image)
    sign = "@" if "@" in image else ":"
    return f"{repository_of(image)}{sign}{tag or DEFAULT_TAG}"


def _resolved(image: str) -> tuple[str, str]:
    try:
        registry, rest = docker.auth.resolve_repository_name(image)
    except docker.errors.InvalidRepository as error:
        raise ValueError(str(error)) from None
    return str(registry), str(rest)


def words(client: Any, image: str, login: Mapping[str, str]) -> Iterator[str]:
    """Fetch an image, and give what the engine says on the way.  Not bounded in time.

    ``login`` alone says who asks: no file of the docker command is read.

    Raises:
        PullFault: the engine or the registry refused.
    """
    repository, tag = docker.utils.parse_repository_tag(image)
    wanted = tag or DEFAULT_TAG
    try:
        stream = client.pull(
            repository, tag=wanted, stream=True, decode=True, auth_config=dict(login)
        )
        for line in stream:
            if "error" in line:
                raise PullFault(quoted(str(line["error"]), login))
            yield str(line.get("status", ""))
    except docker.errors.APIError as error:
        raise PullFault(quoted(told(error), login)) from None  # it has all that was said


def quoted(said: str, login: Mapping[str, str]) -> str:
    """What a registry said, bounded and without the login: it may say what it was sent."""
    user, password = login.get("username", ""), login.get("password", "")
    sent = base64.b64encode(f"{user}:{password}".encode()).decode()
    for secret in (sent, password) if password else ():
        said = said.replace(secret, "***")
    said = names.plain(" ".join(said.split()))
    return said if len(said) <= MOST_QUOTED else f"{said[:MOST_QUOTED]} ..."


def heard(stream: Iterator[str], *, seconds: float, silence: float) -> list[str]:
    """All that is said during a pull.

    There must be something new every ``silence`` seconds.

    Raises:
        PullFault: it failed, or was late.
        HostFault: the engine cannot be spoken with.
    """
    end = time.monotonic() + seconds
    said: list[str] = []
    while True:
        left = max(0.0, end - time.monotonic())
        try:
            line = bounded(lambda: next(stream, None), min(silence, left))
        except OverdueError:
            silent = silence < left
            late = f"it said nothing for {silence:.3g} s" if silent else "there was no time left"
            raise _broken_off(PullFault(late), begun=bool(said) or not silent) from None
        except PullFault as fault:
            raise _broken_off(fault, begun=bool(said)) from None
        if line is None:
            return said
        said.append(line)


def _broken_off(fault: PullFault, *, begun: bool) -> PullFault:
    fault.begun = begun
    return fault
