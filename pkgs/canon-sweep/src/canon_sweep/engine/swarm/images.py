"""The images of a run: each name is asked for at its registry once, and is one image from then on.

A tag may move at any time.  What is deployed is called by its digest, as ``docker stack
deploy`` does by itself, so that every deploy of a sweep runs what its record will name.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from canon_sweep.core import names
from canon_sweep.core.image import Image
from canon_sweep.engine.swarm import login, pull
from canon_sweep.engine.swarm.api import Body, Docker
from canon_sweep.engine.swarm.pull import PullFault
from canon_sweep.engine.swarm.registry import Word, digest_of
from canon_sweep.errors import GoneFault, HostFault, RecipeFault
from canon_sweep.settings.records import Registry
from canon_sweep.state.images import Pulls


class _Known(msgspec.Struct, frozen=True):
    """An image that was fetched; ``pinned`` is a name by which no other is meant."""

    image: Image
    pinned: str


class Images:
    """Fetches images with the logins of the settings, by the registry's host.

    ``silence`` is for how many seconds a registry may say nothing; ``pulls`` is told of
    each image that was asked for.
    """

    def __init__(
        self,
        docker: Docker,
        registries: Mapping[str, Registry],
        silence: float,
        pulls: Pulls | None = None,
    ) -> None:
        self._docker = docker
        self.registries = registries
        self._silence = silence
        self._pulls = pulls
        self._known: dict[str, _Known] = {}

    def fetch(self, name: str, seconds: float) -> Image:
        """See that the image of a name is here, as its registry has it today.

        Raises:
            GoneFault: its registry does not have it any more.
            HostFault: it cannot be had, or not within ``seconds``.
            RecipeFault: it is no name of an image.
        """
        known = self._known.get(name)
        if known is not None and self._docker.image(known.pinned) is None:
            # somebody has tidied up; by its tag another image might come
            if "@" in known.pinned:
                self._again(known.pinned, seconds)
            else:
                known = None  # nobody has that one any more
        if known is None:
            known = self._known[name] = self._asked(name, seconds)
        return known.image

    def pinned(self, name: str) -> str:
        """What to deploy for a name: the image that was fetched, and no other."""
        known = self._known.get(name)
        return known.pinned if known else name

    def _asked(self, name: str, seconds: float) -> _Known:
        here = self._docker.image(name)
        if here is not None and "@" in name:
            self._note(name, here, {str(here["Id"])})
            return _known(name, here)  # a digest is the same image everywhere
        before = self._ids()
        try:
            digest = self._pull(name, seconds)
        except PullFault as fault:
            # users would get another one, or none
            if here is None or fault.begun or fault.word in (Word.GONE, Word.NO_NAME):
                raise self._missing(name, fault) from fault
            self._note(name, here, before)
            return _known(name, here, not_asked=self._why(name, fault))
        body = self._docker.image(name) or {}
        self._note(name, body, before)
        return _known(name, body, digest=digest, fetched=_fetched(here, body, before))

    def _again(self, name: str, seconds: float) -> None:
        before = self._ids()
        try:
            self._pull(name, seconds)
        except PullFault as fault:
            raise self._missing(name, fault) from fault
        self._note(name, self._docker.image(name) or {}, before)

    def _ids(self) -> set[str]:
        """Every image that is here: by another name it may be somebody else's."""
        return (
            {str(body["Id"]) for body in self._docker.images(inner=True)} if self._pulls else set()
        )

    def _note(self, name: str, body: Body, before: set[str]) -> None:
        image = str(body.get("Id", ""))
        if self._pulls is not None and image:
            self._pulls.pulled(image, pull.listed(name), fresh=image not in before)

    def _pull(self, name: str, seconds: float) -> str:
        """Fetch an image, and give its digest; empty if nobody tells it."""
        logged_in = login.login_of(_registry_of(name), self.registries)
        stream = self._docker.pull(name, logged_in)
        said = pull.heard(stream, seconds=seconds, silence=self._silence)
        return digest_of(said)

    def _missing(self, name: str, fault: PullFault) -> HostFault | RecipeFault:
        match fault.word:
            case Word.NO_NAME:
                return _no_name(name)
            case Word.GONE:
                return GoneFault(
                    f"image {names.plain(name)} is not in its registry: {fault.what}",
                    do="nobody can deploy this release as it is: tell the recipe's maintainer",
                )
        return HostFault(f"image {names.plain(name)} cannot be had: {self._why(name, fault)}")

    def _why(self, name: str, fault: PullFault) -> str:
        host = _registry_of(name)
        if fault.word is Word.NOT_FOR_US:
            return f"{names.plain(host)} has it for other machines only: {fault.what}"
        if fault.word is not Word.LOGIN:
            return f"{names.plain(host)} could not be asked: {fault.what}"
        key = f'registries."{names.plain(host)}"'
        if host in self.registries:
            return f"{names.plain(host)} refuses the login of {key}: {fault.what}"
        return f"{names.plain(host)} may want a login, set {key}: {fault.what}"


def _fetched(here: Body | None, body: Body, before: set[str]) -> int:
    """The bytes of an image that was not here, by this name or another."""
    was_here = body.get("Id") in {*before, (here or {}).get("Id")}
    return 0 if was_here else int(body.get("Size") or 0)


def _known(
    name: str, body: Body, *, digest: str = "", not_asked: str = "", fetched: int = 0
) -> _Known:
    digest = digest or _digest_here(name, body)
    known = digest or str(body.get("Id", ""))
    image = Image(name=name, digest=known, not_asked=not_asked, fetched=fetched)
    return _Known(image, f"{name}@{digest}" if digest and "@" not in name else name)


def _digest_here(name: str, body: Body) -> str:
    """The digest that an image of this name came with; empty if it never came from a registry."""
    if "@" in name:
        return name.rpartition("@")[2]
    repository = pull.repository_of(name)
    found = (known.split("@") for known in body.get("RepoDigests") or ())
    return next((digest for known, digest in found if known == repository), "")


def _registry_of(name: str) -> str:
    try:
        return pull.registry_of(name)
    except ValueError:
        raise _no_name(name) from None


def _no_name(name: str) -> RecipeFault:
    return RecipeFault(f"{names.printable(name)} is no name of an image")
