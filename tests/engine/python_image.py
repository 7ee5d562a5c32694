"""Root file systems for images that are made on the spot, as no registry is needed.

Everything keeps the absolute path it has here, so that the interpreter finds its
library, whether it is Debian's, pyenv's or a virtual environment's.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

_LEFT_OUT = frozenset(
    {"test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3"}
    | {"site-packages", "dist-packages", "pydoc_data", "unittest", "venv"}
)
_APPLETS = ("sh", "cat", "ls", "sleep", "wget", "kill", "true", "false", "env")


def busybox() -> Path | None:
    """The static busybox of this machine, if it has one."""
    found = shutil.which("busybox", path="/bin:/usr/bin")
    return Path(found).resolve() if found else None


def write_busybox(out: IO[bytes], binary: Path) -> None:
    """Write the tar of a root with busybox only."""
    with tarfile.open(fileobj=out, mode="w") as tar:
        _add_busybox(tar, binary)


def write_python(out: IO[bytes], binary: Path) -> None:
    """Write the tar of a root with busybox and the running interpreter as ``python3``."""
    interpreter = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]
    libraries = {_base("stdlib"), _base("platstdlib")}
    extensions = [path for folder in libraries for path in folder.glob("lib-dynload/*.so")]
    with tarfile.open(fileobj=out, mode="w") as tar:
        _add_busybox(tar, binary)
        tar.add(interpreter, _inside(interpreter))
        for folder in libraries:
            tar.add(folder, _inside(folder), filter=_wanted)
        for shared in sorted(_needed([interpreter, *extensions])):
            # under the name the loader asks for, with the content it then finds
            tar.addfile(_as_file(tar, shared), shared.resolve().open("rb"))
        _link(tar, "bin/python3", str(interpreter))


def _base(kind: str) -> Path:
    variables = {"base": sys.base_prefix, "installed_base": sys.base_prefix}
    variables |= {"platbase": sys.base_exec_prefix, "installed_platbase": sys.base_exec_prefix}
    return Path(sysconfig.get_path(kind, vars=variables))


def _add_busybox(tar: tarfile.TarFile, binary: Path) -> None:
    for folder, mode in (("tmp", 0o1777), ("bin", 0o755), ("etc", 0o755)):
        entry = tarfile.TarInfo(folder)
        entry.type, entry.mode = tarfile.DIRTYPE, mode
        tar.addfile(entry)
    tar.add(binary, "bin/busybox")
    for applet in _APPLETS:
        _link(tar, f"bin/{applet}", "busybox")


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tar.addfile(entry)


def _as_file(tar: tarfile.TarFile, path: Path) -> tarfile.TarInfo:
    entry = tar.gettarinfo(str(path.resolve()), _inside(path))
    entry.type = tarfile.REGTYPE
    entry.size = path.resolve().stat().st_size
    return entry


def _inside(path: Path) -> str:
    return str(path).lstrip("/")


def _wanted(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = Path(entry.name).name
    if name in _LEFT_OUT or name.startswith("config-") or name.endswith(".a"):
        return None
    return entry


def _needed(binaries: Iterable[Path]) -> set[Path]:
    """The shared libraries that the binaries load, the loader included."""
    answer = subprocess.run(
        ["ldd", *map(str, binaries)], capture_output=True, text=True, check=False
    ).stdout
    words = {word for line in answer.splitlines() if ":" not in line for word in line.split()}
    return {Path(word) for word in words if word.startswith("/")}
