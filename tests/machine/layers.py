"""The read-only layers of a test machine's disk: Debian, the libraries, canon-sweep itself.

Each is made once for what it is made from, and never changed (`cached`).  canon-sweep is
in a virtual environment, `HOME`, as somebody without Nix would install it.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import cached
import debian
from debian import CannotMake

HOME = "/opt/canon-sweep"
# whatever is mounted there ends with its last process
IN_A_NAMESPACE = ("unshare", "--mount", "--propagation", "private")

_PACKAGE = Path(__file__).resolve().parents[2] / "pkgs/canon-sweep"
_NOT_SOURCE = ("__pycache__", "*.egg-info", "build")
# pip's way into the network is the host's
_OF_THE_HOST = ("/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt")

# compiled, as a machine's service may not write there: it would compile all at every start
_LIBRARIES = f"""
python3 -m venv {HOME}
{HOME}/bin/pip install --quiet --compile --no-cache-dir setuptools /tmp/package
{HOME}/bin/pip uninstall --quiet --yes canon-sweep
"""
_PROGRAM = f"{HOME}/bin/pip install --quiet --compile --no-deps --no-build-isolation /tmp/package\n"


def layers() -> tuple[Path, ...]:
    """What a machine is started on, the topmost first.

    Raises:
        CannotMake: one of them cannot be made here.
    """
    root = debian.root()
    project = (_PACKAGE / "pyproject.toml").read_text()
    libraries = cached.folder(
        "libraries",
        "\n".join((root.name, _LIBRARIES, project)),
        lambda draft: _install(draft, [root], _LIBRARIES),
    )
    program = cached.folder(
        "program",
        "\n".join((libraries.name, _PROGRAM, *_digests())),
        lambda draft: _install(draft, [libraries, root], _PROGRAM),
    )
    return program, libraries, root


def below(over: Sequence[Path]) -> str:
    """How overlayfs names layers, the topmost first."""
    return ":".join(map(str, over))


def _digests() -> Iterator[str]:
    for path in sorted(_PACKAGE.rglob("*")):
        around = path.relative_to(_PACKAGE).parents
        if path.is_file() and not any(
            each.match(pattern) for each in around for pattern in _NOT_SOURCE
        ):
            yield f"{path.relative_to(_PACKAGE)} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _install(draft: Path, lower: Sequence[Path], commands: str) -> None:
    """Run commands in a root; what they write there goes to the draft."""
    aside = draft.with_name(f"{draft.name}.aside")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        for folder in (draft, aside / "work", aside / "root"):
            folder.mkdir(parents=True)
        shutil.copytree(_PACKAGE, aside / "package", ignore=shutil.ignore_patterns(*_NOT_SOURCE))
        script = "\n".join(_entering(draft, aside, lower))
        done = subprocess.run(
            [
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-euc",
                script,
                "sh",
                commands,
            ],
            env=debian.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CannotMake(f"canon-sweep cannot be installed in a root: {done.stderr[-800:]}")
        # mount points that were made for the commands alone
        shutil.rmtree(draft / "etc", ignore_errors=True)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _entering(upper: Path, aside: Path, lower: Sequence[Path]) -> Iterator[str]:
    root = aside / "root"
    yield (
        "mount -t overlay overlay"
        f" -o lowerdir={below(lower)},upperdir={upper},workdir={aside}/work {root}"
    )
    yield f"mount -t tmpfs tmpfs {root}/tmp"
    yield f"cp -r {aside}/package {root}/tmp/package"
    for file in _OF_THE_HOST:
        yield f"[ ! -e {file} ] || {{ : >>{root}{file}; mount --bind -o ro {file} {root}{file}; }}"
    yield f"mount -t proc proc {root}/proc"
    for device in ("null", "urandom"):
        yield f": >>{root}/dev/{device}; mount --bind /dev/{device} {root}/dev/{device}"
    yield f'exec chroot {root} sh -euc "$1"'
