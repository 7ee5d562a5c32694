"""The images of an engine, what needs each, and how one is removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from canon_sweep.core.oldimage import Stored
from canon_sweep.engine.swarm import facts
from canon_sweep.engine.swarm.api import Body, Docker

# what an untagged image is called in lists
_NONE = "<none>"


def images(docker: Docker) -> tuple[Stored, ...]:
    """Every image that has a name, or that none was built upon, with what needs it.

    Raises:
        HostFault: something that may need one cannot be asked for.
    """
    # asked before the images: what is pulled meanwhile for one of these is not seen at all
    needed = dict(_needed(docker))
    found = (_stored(docker, body, needed) for body in docker.images())
    return tuple(image for image in found if image is not None)


def remove(docker: Docker, image: Stored) -> str:
    """Remove an image that nothing needs; gives why it stays, empty if it is gone.

    By its id, which the engine refuses as long as anything needs it.  Of several names it
    refuses that too, so all but one go first, and only after a last look.

    Raises:
        HostFault: the engine cannot be asked.
    """
    needed = dict(_needed(docker))
    body = docker.image(image.id)
    now = _stored(docker, body, needed) if body is not None else None
    if now is None:
        return ""
    if now.needed_by:
        return f"it is needed by {now.needed_by}"
    if now.names != image.names:
        return "somebody has just given it another name"
    for name in _in_the_way(now):
        held = docker.remove_image(name)
        if held:
            return held
    return docker.remove_image(image.id)


def _in_the_way(image: Stored) -> tuple[str, ...]:
    """The names that have to go before an image can be removed by its id.

    One tag may stay, with the one digest that it came with.
    """
    first, *others = (*image.tags, *image.digests) or ("",)
    if image.tags and len(others) == 1 and not image.tags[1:]:
        same = others[0].rpartition("@")[0] == first.rpartition(":")[0]
        return () if same else tuple(others)
    return tuple(others)


def _stored(docker: Docker, listed: Body, needed: Mapping[str, str]) -> Stored | None:
    """An image in full; None if it has gone meanwhile."""
    body = docker.image(listed["Id"])
    if body is None:
        return None
    return Stored(
        id=body["Id"],
        tags=_names(body.get("RepoTags")),
        digests=_names(body.get("RepoDigests")),
        needed_by=needed.get(body["Id"], ""),
        tagged=_time((body.get("Metadata") or {}).get("LastTagTime") or ""),
        bytes=int(body.get("Size") or 0),
    )


def _needed(docker: Docker) -> Iterator[tuple[str, str]]:
    """Ids of images that something needs, and what."""
    for body in docker.images(inner=True):
        if body.get("ParentId"):
            yield body["ParentId"], f"image {body['Id'].removeprefix('sha256:')[:12]}"
    for body in docker.containers():
        yield body["ImageID"], f"container {facts.container_name(body)}"
    for body in docker.services():
        for spec in (body["Spec"], body.get("PreviousSpec") or {}):
            # a service may have no containers now, and go back to what it was
            template = spec.get("TaskTemplate") or {}
            name = (template.get("ContainerSpec") or {}).get("Image")
            image = docker.image(name) if name else None
            if image is not None:
                yield image["Id"], f"service {body['Spec']['Name']}"


def _names(given: list[str] | None) -> tuple[str, ...]:
    return tuple(sorted(name for name in given or () if not name.startswith(_NONE)))


def _time(text: str) -> datetime | None:
    """When that was; None for never, and for what cannot be read."""
    try:
        seconds = facts.timestamp(text)
    except ValueError:
        return None
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
