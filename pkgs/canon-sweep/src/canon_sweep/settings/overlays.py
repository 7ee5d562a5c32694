"""Compose files of the operator's, read when a run begins: what is tested is what was read."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import msgspec

from canon_sweep.core import composefile
from canon_sweep.errors import HostFault, RecipeFault
from canon_sweep.settings.recipes import Overlay, RecipeSettings

MAX_FILE = 1024 * 1024


class ReadOverlay(msgspec.Struct, frozen=True):
    """An overlay with its text, or with the ``problem`` why it has none."""

    settings: Overlay
    text: str = ""
    problem: str = ""

    @property
    def name(self) -> str:
        """What it is called wherever its text is read."""
        return f"overlay {self.settings.file}"

    @property
    def fingerprint(self) -> str:
        """Changes with whatever of it decides a test; where the file lies does not."""
        own = (self.settings.when, self.settings.on, self.text, self.problem)
        return hashlib.sha256(repr(own).encode()).hexdigest()

    def checked(self) -> str:
        """Its text.

        Raises:
            HostFault: it has none: that is no fault of the recipe's.
        """
        if self.problem:
            advice = "mend the file, or take it out of the recipe's overlays"
            raise HostFault(f"the {self.name} cannot be used: {self.problem}", do=advice)
        return self.text


def overlays_of(settings: RecipeSettings) -> tuple[ReadOverlay, ...]:
    """The recipe's overlays as they are now; one that cannot be read says why."""
    return tuple(_read(each) for each in settings.overlays)


def _read(settings: Overlay) -> ReadOverlay:
    try:
        text = _text(settings.file)
        composefile.load(str(settings.file), text)
    except UnicodeDecodeError:
        return ReadOverlay(settings, problem="it is not UTF-8 text")
    except OSError as error:
        return ReadOverlay(settings, problem=error.strerror or str(error))
    except RecipeFault as fault:
        return ReadOverlay(settings, problem=fault.what)
    return ReadOverlay(settings, text)


def _text(path: Path) -> str:
    # a device may act on being opened, and a pipe waits
    _check_regular(path.stat())
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        _check_regular(os.fstat(descriptor))
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise OSError(None, "it is larger than 1 MiB")
    return content.decode("utf-8")


def _check_regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(None, "it is no regular file")
