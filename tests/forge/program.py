"""Gitea, built once from the Go module proxy and kept outside the tree (`cached`).

It takes seven minutes of the processor, so `.ci/run` begins with it, niced, while other
tests run: `python -m forge.program`.  Whoever needs it meanwhile waits for the same lock.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import cached

VERSION = "1.26.0"
# where it is in the folder, which can be a layer of a test machine's disk
INSTALLED = "opt/gitea"

_MODULE = "code.gitea.io/gitea"
# of the module as it is in Go's checksum database
_SUM = "h1:fJP9dqLbzKrKWUVnCVTfVersZdVDuyJQLEDzCAOmKKA="
_MOD_SUM = "h1:lQQerj+Xp70MDr1Cpxa85QmkS4ltqYpSyG++R77EFQQ="
_TAGS = "sqlite sqlite_unlock_notify"
_FLAGS = ("-mod=mod", "-trimpath", "-ldflags=-s -w", "-gcflags=all=-dwarf=false")
_BUILD = ("build", *_FLAGS, "-tags", _TAGS)
# nobody debugs it, and SQLite alone is a minute of the C compiler's where it is to be quick
_SPARING = {"CGO_CFLAGS": "-O0", "GOGC": "400"}
# what the program reads beside itself, where it has not been built with a frontend
_STATIC = ("options", "public", "templates")
# of each of the two steps; whoever waits for the lock waits no longer than for both
_MOST_SECONDS = 1200.0


class CannotBuild(Exception):
    """Why there is no Gitea on this machine."""


def gitea() -> Path:
    """The folder of the program `gitea`, and of what it reads.

    Raises:
        CannotBuild: it is not there yet, and cannot be built here.
    """
    made_from = "\n".join((VERSION, _SUM, *_BUILD, repr(_SPARING), *_STATIC, INSTALLED))
    try:
        return cached.folder(f"gitea-{VERSION}", made_from, _make) / INSTALLED
    except cached.NoPlace as why:
        raise CannotBuild(f"there is nowhere to keep Gitea: {why}") from None


def layer() -> Path:
    """The same as the layer of a disk that has it at `INSTALLED`; raises as `gitea` does."""
    return gitea().parents[len(Path(INSTALLED).parts) - 1]


def _make(draft: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise CannotBuild("Gitea is built with Go, which is not installed")
    installed, aside = draft / INSTALLED, draft / "build"
    installed.mkdir(parents=True)
    aside.mkdir()
    try:
        source = _download(go, aside)
        _write_module(aside, source)
        _run(go, aside, *_BUILD, "-o", str(installed / "gitea"), _MODULE)
        for name in _STATIC:
            shutil.copytree(source / name, installed / name)
    finally:
        # three gigabytes, of which nothing is needed again
        shutil.rmtree(aside, ignore_errors=True)


def _download(go: str, aside: Path) -> Path:
    """The folder of Gitea's module.

    Raises:
        CannotBuild: it cannot be had, or is another one than it was.
    """
    told = json.loads(_run(go, aside, "mod", "download", "-json", f"{_MODULE}@v{VERSION}"))
    if (told["Sum"], told["GoModSum"]) != (_SUM, _MOD_SUM):
        raise CannotBuild(f"{_MODULE}@v{VERSION} is not what it was: {told['Sum']}")
    return Path(told["Dir"])


def _write_module(aside: Path, source: Path) -> None:
    """A module of our own that builds Gitea as a tool: what it replaces, only a main one may."""
    theirs = (source / "go.mod").read_text()
    needs = re.findall(r"^(?:go|godebug|replace) .*$", theirs, re.MULTILINE)
    ours = ["module canon-sweep/gitea", *needs, f"require {_MODULE} v{VERSION}", f"tool {_MODULE}"]
    (aside / "go.mod").write_text("\n".join(ours) + "\n")
    sums = (
        source / "go.sum"
    ).read_text() + f"{_MODULE} v{VERSION} {_SUM}\n{_MODULE} v{VERSION}/go.mod {_MOD_SUM}\n"
    (aside / "go.sum").write_text(sums)


def _run(go: str, aside: Path, *words: str) -> str:
    """Run Go with caches of its own, beside what it builds; a newer Go comes as a module."""
    own = {
        "GOMODCACHE": str(aside / "modules"),
        "GOCACHE": str(aside / "cache"),
        "GOPATH": str(aside / "path"),
        # or nobody could remove them
        "GOFLAGS": "-modcacherw",
        "GOTOOLCHAIN": "auto",
        "CGO_ENABLED": "1",
    } | _SPARING
    try:
        done = subprocess.run(
            [go, *words],
            cwd=aside,
            env=os.environ | own,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise CannotBuild(f"go {words[0]} is not done within {_MOST_SECONDS:g} s") from None
    if done.returncode != 0:
        raise CannotBuild(f"go {words[0]} ends with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


if __name__ == "__main__":
    gitea()
