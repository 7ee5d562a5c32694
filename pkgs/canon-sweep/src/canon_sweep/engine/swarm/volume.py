"""Size and exact copy of a Docker volume.

A volume of the plain local driver is a folder of this machine, if the engine runs
here and we may read it.  Any other is reached through the API, in a container that
is made for it from any image and never started.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from canon_sweep import process
from canon_sweep.core import names
from canon_sweep.engine import content
from canon_sweep.engine.swarm import overlay
from canon_sweep.engine.swarm.api import Body, Docker
from canon_sweep.engine.swarm.facts import NAMESPACE, container_name
from canon_sweep.errors import Fault, HostFault

_WARN = logging.getLogger(__name__)
HOLDER = "canon-sweep.holder"
COPY_SECONDS = 3600.0
# below the root, so that unpacking there sets the volume's own owner, mode and time too
_HELD = "/canon-sweep-volume"


def stack_of(labels: Mapping[str, str]) -> str | None:
    """The stack that a volume or secret says it belongs to; None if it says nothing."""
    return labels.get(overlay.STACK) or labels.get(NAMESPACE)


def belongs(name: str, labels: Mapping[str, str], stack: str) -> bool:
    """Whether a volume or secret is the stack's: by its name, unless its label says no.

    The name alone would give the volumes of stack ``a_b`` to stack ``a``.
    """
    return name.startswith(f"{stack}_") and stack_of(labels) in (None, stack)


def size(docker: Docker, volume: Body) -> int:
    """The bytes of all files in a volume.

    Raises:
        HostFault: they cannot be counted; a guess would be taken for a fact.
    """
    folder = _folder(docker, volume)
    if folder is not None:
        with suppress(PermissionError), _readable(volume["Name"]):
            return _walk(folder)
    with (
        _readable(volume["Name"]),
        _held(docker, volume["Name"]) as holder,
        tarfile.open(fileobj=_Reader(docker.archive(holder, _HELD)), mode="r|") as archive,
    ):
        return sum(member.size for member in archive if member.isreg())


def known_size(docker: Docker, volume: Body) -> int | None:
    """As `size`; None if nobody can say, which keeps no volume from being named or removed."""
    try:
        return size(docker, volume)
    except HostFault as fault:
        _WARN.warning("the size of volume %s is not known: %s", names.plain(volume["Name"]), fault)
        return None


def digest(docker: Docker, name: str) -> str:
    """A digest of everything in a volume, times included (through the API, to the second).

    Raises:
        HostFault: it is not there, or cannot be read.
    """
    found = docker.volume(name)
    if found is None:
        raise HostFault(f"volume {name} does not exist")
    folder = _folder(docker, found)
    if folder is not None:
        with suppress(PermissionError), _readable(name):
            return content.digest_of(folder)
    with (
        _readable(name),
        _held(docker, name) as holder,
        tarfile.open(fileobj=_Reader(docker.archive(holder, _HELD)), mode="r|") as archive,
    ):
        return _digest_of_archive(archive)


def clone(docker: Docker, source: str, target: str, *, through_api: bool = False) -> None:
    """Make ``target`` an exact copy of ``source``, replacing any earlier ``target``.

    Through the API, times are exact to the second only.  A failed copy is removed;
    one that was killed stays half done, so the caller writes down first what it does.

    Raises:
        HostFault: a volume is missing, in use, or not kept in a way that can be copied.
    """
    origin = docker.volume(source)
    _check_clone(docker, source, target, origin)
    assert origin is not None
    held = docker.remove_volume(target)
    if held:
        raise HostFault(f"volume {target} cannot be replaced: {held}")
    labels = clone_labels(source, target, origin.get("Labels") or {})
    made = docker.create_volume(target, origin["Driver"], labels)
    try:
        origin_folder, folder = _folder(docker, origin), _folder(docker, made)
        direct = origin_folder is not None and folder is not None and os.geteuid() == 0
        if direct and not through_api:
            assert origin_folder is not None
            assert folder is not None
            _copy(origin_folder, folder)
        else:
            _transfer(docker, source, target)
            if folder is not None:
                _flush(folder)
    except BaseException:
        with suppress(Fault):
            docker.remove_volume(target)
        raise


def clone_labels(source: str, target: str, labels: Mapping[str, str]) -> dict[str, str]:
    """A copy's labels: the same, but it belongs to the stack of its own name."""
    stack = stack_of(labels)
    if stack is None:
        return dict(labels)
    key = source.removeprefix(stack)
    if source.startswith(f"{stack}_") and target.endswith(key) and target != key:
        renamed = {label: target.removesuffix(key) for label in (overlay.STACK, NAMESPACE)}
        return {label: renamed.get(label, value) for label, value in labels.items()}
    return {label: value for label, value in labels.items() if label != NAMESPACE}


def remove_stale_holders(docker: Docker) -> None:
    """Remove what a killed run left; a holder keeps its volume from being removed.

    Not another canon-sweep's, which may be copying a volume of its own just now.
    """
    for holder in docker.containers(label=HOLDER):
        # earlier versions did not say whose it is
        if (holder.get("Labels") or {}).get(HOLDER) in (None, "", docker.home):
            docker.remove_container(holder["Id"])


def _check_clone(docker: Docker, source: str, target: str, origin: Body | None) -> None:
    if origin is None:
        raise HostFault(f"volume {source} does not exist")
    if source == target:
        raise HostFault(f"volume {source} cannot be copied onto itself")
    remove_stale_holders(docker)
    for name, volume in ((source, origin), (target, docker.volume(target))):
        if volume is not None and volume.get("Options"):
            # the options say where the data is: a copy with the same would share it
            raise HostFault(f"volume {name} has driver options and cannot be copied or replaced")
        users = docker.containers(volume=name) if volume is not None else []
        if any(name == target or user["State"] == "running" for user in users):
            raise HostFault(f"volume {name} is in use by {container_name(users[0])}")


def _folder(docker: Docker, volume: Body) -> Path | None:
    plain = volume["Driver"] == "local" and not volume.get("Options")
    # access, not exists: a user of the docker group may not look into its folder
    if docker.is_here and plain and os.access(volume["Mountpoint"], os.R_OK | os.X_OK):
        return Path(volume["Mountpoint"])
    return None


def _walk(folder: Path) -> int:
    """Count each file once, however many names it has; files may vanish meanwhile."""
    sizes: dict[tuple[int, int], int] = {}
    with os.scandir(folder) as entries:
        pending = list(entries)
    while pending:
        entry = pending.pop()
        with suppress(FileNotFoundError):
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(found.st_mode):
                sizes[found.st_dev, found.st_ino] = found.st_size
            elif stat.S_ISDIR(found.st_mode):
                with os.scandir(entry.path) as entries:
                    pending.extend(entries)
    return sum(sizes.values())


def _digest_of_archive(archive: tarfile.TarFile) -> str:
    # a stream cannot be sorted before it is read: each member has a digest of its own
    members = []
    for member in archive:
        own = hashlib.sha256(repr(sorted(member.get_info().items())).encode("utf-8", "replace"))
        file = archive.extractfile(member) if member.isreg() else None
        while file is not None and (chunk := file.read(content.CHUNK)):
            own.update(chunk)
        members.append(own.digest())
    return hashlib.sha256(b"".join(sorted(members))).hexdigest()


def _copy(source: Path, target: Path) -> None:
    _run("cp", "-a", "--reflink=auto", "--", f"{source}/.", str(target))
    _flush(target)


def _flush(folder: Path) -> None:
    # the record that will name this copy is synced too, and must not outlive it
    _run("sync", "-f", str(folder))


def _run(*command: str) -> None:
    done = process.run(
        command, env={"PATH": os.environ.get("PATH", os.defpath)}, timeout=COPY_SECONDS
    )
    if done.exit_code:
        said = names.plain(" ".join(done.output[-300:].split()))
        raise HostFault(f"{' '.join(command)} failed: {said}")


def _transfer(docker: Docker, source: str, target: str) -> None:
    with _held(docker, source) as origin, _held(docker, target) as copy:
        docker.extract(copy, "/", docker.archive(origin, _HELD))


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """A disk that fails is the host's fault; what we may not read is the caller's to know."""
    try:
        yield
    except PermissionError:
        raise
    except (OSError, tarfile.TarError) as error:
        raise HostFault(f"volume {name} cannot be read: {names.plain(str(error))}") from error


@contextmanager
def _held(docker: Docker, volume: str) -> Iterator[str]:
    images = sorted(docker.images(), key=lambda image: int(image["Size"]))
    if not images:
        raise HostFault(
            f"volume {volume} can only be read through a container, and there is no image",
            do="pull any image",
        )
    holder = docker.create_holder(images[0]["Id"], volume, _HELD, HOLDER)
    try:
        yield holder
    finally:
        docker.remove_container(holder)


class _Reader(io.RawIOBase):
    """A stream of chunks as the file that `tarfile` wants."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._rest += chunk
        taken = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(taken) :]
        return taken
