"""Files with secrets: there, readable, and nobody else's to read.  What is in them is not told."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from canon_sweep.core.checkup import Check, fail, ok, warn
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.records import Settings
from canon_sweep.settings.tables import key_of
from canon_sweep.settings.values import SecretFile

_WORLD = stat.S_IROTH | stat.S_IWOTH
_GROUP_WRITES = stat.S_IWGRP
_STEP = "put the secret there, readable for the service, or name another file"
_STEP_KNOWN = "put the known hosts there, readable for the service, or name another file"
# more than any secret of one line
_MOST = 4096


class Named(NamedTuple):
    """A file, the setting that names it, whether it is nobody else's to read, and one line."""

    key: str
    file: Path
    is_secret: bool = True
    is_line: bool = True

    @property
    def step(self) -> str:
        """What is done where it is not what it should be."""
        if "$CREDENTIALS_DIRECTORY" in self.file.parts:
            return "it is a credential of the service: run this as the service does"
        return _STEP if self.is_secret else _STEP_KNOWN


def common_files(settings: Settings) -> Iterator[Named]:
    """The files that are no recipe's own."""
    for host, login in sorted(settings.credentials.items()):
        at = key_of("credentials", host)
        for key, file in (
            ("tokenFile", login.token_file),
            ("sshKeyFile", login.ssh_key_file),
            ("sshPassphraseFile", login.ssh_passphrase_file),
        ):
            if file is not None:
                yield Named(f"{at}.{key}", file, is_line=key != "sshKeyFile")
        if login.known_hosts_file is not None:
            key = f"{at}.knownHostsFile"
            yield Named(key, login.known_hosts_file, is_secret=False, is_line=False)
    for host, registry in sorted(settings.registries.items()):
        yield Named(f"{key_of('registries', host)}.passwordFile", registry.password_file)
    for name in ("drone", "woodpecker"):
        server = getattr(settings.guard, name)
        if server is not None:
            yield Named(f"guard.{name}.tokenFile", server.token_file)
    if settings.forge is not None:
        yield Named("forge.tokenFile", settings.forge.token_file)


def recipe_files(recipe: RecipeSettings) -> Iterator[Named]:
    """The files that only this recipe's deployments need."""
    for name, file in sorted(recipe.env_files.items()):
        yield Named(key_of("envFiles", name), file, is_line=False)


def file_check(named: Named, viewer: Viewer) -> Check:
    """Whether a run can read one, and who else."""
    key, file, step = named.key, named.file, named.step
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        found = f"{_origin(file)} cannot be read: {error.strerror}"
        return viewer.failed(key, found, step)
    try:
        about = os.fstat(descriptor)
        content = os.read(descriptor, _MOST).strip() if stat.S_ISREG(about.st_mode) else b""
    except OSError as error:
        return fail(key, f"{_origin(file)} cannot be read: {error.strerror}", step)
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(about.st_mode):
        return fail(key, f"{_origin(file)} is no regular file", step)
    if not content:
        return fail(key, f"{_origin(file)} is empty", step)
    if named.is_line and len(content.splitlines()) > 1:
        found = f"{_origin(file)} has more than one line"
        return fail(key, found, "leave the line with the secret, and no other")
    return _judged(named, about.st_mode, viewer)


def _judged(named: Named, mode: int, viewer: Viewer) -> Check:
    shown, file = f"{stat.S_IMODE(mode):04o}", named.file
    wide = mode & (_WORLD | _GROUP_WRITES) if named.is_secret else mode & stat.S_IWOTH
    if wide:
        found = f"{_origin(file)} is open to other users ({shown})"
        return warn(named.key, found, f"chmod {'0400' if named.is_secret else '0644'} {file}")
    if not viewer.is_owner:
        return viewer.unseen(named.key, f"whether {viewer.owner} may read {_origin(file)}")
    return ok(named.key, f"{_origin(file)} can be read ({shown})")


def _origin(file: Path) -> str:
    return file.origin if isinstance(file, SecretFile) else str(file)
