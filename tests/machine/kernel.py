"""Debian's kernel for an emulated computer, with its modules as one more layer of the disk."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cached
import debian
from debian import CannotMake

_SUITE = "trixie"
_WORDS = ("--variant=extract", "--include=linux-image-cloud-amd64")
_OF_NO_USE = ("etc", "var", "usr/share")
_ZSTD = b"\x28\xb5\x2f\xfd"


def layer() -> Path:
    """The layer; its kernel is `boot/vmlinux`.

    Raises:
        CannotMake: it cannot be made here.
    """
    return cached.folder("kernel", " ".join((_SUITE, *_WORDS)), _make)


def _make(draft: Path) -> None:
    for program in ("depmod", "zstd"):
        if shutil.which(program) is None:
            raise CannotMake(f"a kernel needs {program}")
    debian.bootstrap(*_WORDS, _SUITE, str(draft))
    (compressed,) = (draft / "boot").glob("vmlinuz-*")
    for folder in _OF_NO_USE:
        shutil.rmtree(draft / folder, ignore_errors=True)
    # as the root below it has it, and depmod
    (draft / "lib").unlink(missing_ok=True)
    (draft / "lib").symlink_to("usr/lib")
    version = compressed.name.removeprefix("vmlinuz-")
    subprocess.run(["depmod", "-b", draft, version], check=True)
    # to unpack it takes an emulated processor seconds; behind the end lies what is not zstd's
    packed = compressed.read_bytes()
    done = subprocess.run(
        ["zstd", "-dcq"], input=packed[packed.index(_ZSTD) :], capture_output=True, check=False
    )
    if not done.stdout.startswith(b"\x7fELF"):
        raise CannotMake(f"no kernel was found in {compressed.name}")
    (draft / "boot/vmlinux").write_bytes(done.stdout)
    compressed.unlink()
