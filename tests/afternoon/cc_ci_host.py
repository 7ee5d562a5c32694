"""The host of docs/cc-ci.md, in a folder: real git remotes, a small tree of cc-ci's, canonicals.

Stand-ins: its harness (`standin.ccci`), the tool that made its canonicals (`state.ciwarm`), the
program that rolls live apps, ``sudo``; and the local engine in place of the Swarm.
"""

from __future__ import annotations

import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import termios
from dataclasses import dataclass
from pathlib import Path

from cli.test_commands import PROGRAM
from state.ciwarm import CiWarm
from stories.outside import TESTS, OutsideFleet

UPSTREAM = "https://git.coopcloud.tech/coop-cloud/"
MIRROR = "https://git.example.org/recipe-maintainers/"
RECIPES = ("bluesky-pds", "custom-html", "mumble", "plausible")
_ABSOLUTE = re.compile(r"(?<![\w./])/(?=(?:etc|run|srv|var)/)")


@dataclass(slots=True)
class CcCiHost:
    """Paths and addresses of the document are below ``root``, and are shown without it."""

    root: Path
    last: int = 0

    @property
    def tree(self) -> Path:
        """cc-ci's own tree, where everything is typed."""
        return self.root / "srv/cc-ci"

    def found(self) -> None:
        """What is there before the afternoon."""
        fleet = OutsideFleet(self.root)
        pds = ("bluesky-pds", "0.2.0+v0.4", "declared:upgrade")
        fleet.releases("bluesky-pds", "0.1.0+v0.4")
        fleet.releases(*pds)
        # a record that names what main was at, not what the tag is at
        self._has(*pds[:2], fleet.releases("bluesky-pds", None))
        fleet.releases("custom-html", "1.10.0+1.29.1")
        html = ("custom-html", "1.11.0+1.29.2")
        self._has(*html, fleet.releases(*html))
        fleet.releases("mumble", "1.0.0+v1.5.517")
        fleet.releases("mumble", "1.1.0+v1.5.735")
        self._has("plausible", "2.0.0+v1.5.1", fleet.releases("plausible", "2.0.0+v1.5.1"))
        for tag in ("3.0.0+v2.0.0", "3.0.1+v2.0.0", None):
            fleet.releases("plausible", tag)
        self._write_tree()
        self._write_programs()

    def place(self, text: str) -> str:
        """A text of the document with this host's own paths and addresses."""
        for address, folder in ((UPSTREAM, "upstreams"), (MIRROR, "mirrors")):
            text = text.replace(address, f"{(self.root / folder).as_uri()}/")
        return _ABSOLUTE.sub(f"{self.root}/", text)

    def shown(self, text: str) -> str:
        """The other way round."""
        for address, folder in ((UPSTREAM, "upstreams"), (MIRROR, "mirrors")):
            text = text.replace(f"{(self.root / folder).as_uri()}/", address)
        return text.replace(f"{self.root}/", "/")

    def types(self, command: str) -> str:
        """What a terminal shows of a command; ``$?`` is of the one before."""
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (50, 80))
        words = ["bash", "-c", f"(exit {self.last}); {self.place(command)}"]
        with subprocess.Popen(
            words,
            cwd=self.tree,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            said = _all_of(ours)
        os.close(ours)
        self.last = process.returncode
        return self.shown(said.replace("\r\n", "\n"))

    def writes(self, path: str, text: str) -> None:
        """The operator's editor.  The engine is the one thing that is another than shown."""
        engine = 'engine = "local"\n' if path.endswith("host.toml") else ""
        file = self.tree / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(engine + self.place(text))

    def read(self, path: str) -> str:
        """A file of the tree, as the document shows it."""
        return self.shown((self.tree / path).read_text())

    def _has(self, recipe: str, tag: str, commit: str) -> None:
        """A canonical of another tool's, whole but for what its record says."""
        volume = f"warm-{recipe}_ci_localhost_data"
        warm = CiWarm(self.root / "var/lib/ci-warm")
        warm.promotes(recipe, tag, commit, volumes=(volume,))
        (self._engine / "volumes" / volume).mkdir(parents=True)

    @property
    def _engine(self) -> Path:
        state = self.root / "var/lib/canon-sweep"
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return state / "local"

    def _write_tree(self) -> None:
        for recipe in RECIPES:
            shutil.copytree(TESTS / "ccci/fleet/tests" / recipe, self.tree / "tests" / recipe)
        # one that cc-ci itself has not enrolled
        meta = self.tree / "tests/mumble/recipe_meta.py"
        meta.write_text(meta.read_text().replace("WARM_CANONICAL = True\n", ""))
        used = "".join(f"- {recipe}\n" for recipe in RECIPES)
        (self.tree / "used-recipes.md").write_text(f"# Used recipes\n\n{used}")

    def _write_programs(self) -> None:
        variables = {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(TESTS), *sys.path])),
            "ABRA_DIR": self.root / "srv/abra",
            "CCCI_REPO": self.tree,
            "CCCI_RUNS_DIR": self.root / "var/lib/cc-ci-runs",
            "CCCI_WARM_DIR": self.root / "var/lib/ci-warm",
            "STANDIN_VOLUMES": self._engine / "volumes",
            "STANDIN_STACKS": self._engine / "stacks",
        }
        told = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in variables.items())
        run = f"{shlex.quote(sys.executable)} -m standin.ccci"
        self._program("cc-ci-run", f"export {told}\nexec {run}")
        self._program("canon-sweep", f'exec {shlex.join(PROGRAM)} "$@"')
        self._program("roll-live-apps", "exit 0")
        self._program("sudo", 'exec "$@"')

    def _program(self, name: str, line: str) -> None:
        file = self.root / "run/current-system/sw/bin" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{line}\n")
        file.chmod(0o755)

    def _environment(self) -> dict[str, str]:
        programs = self.root / "run/current-system/sw/bin"
        return os.environ | {
            "CANON_SWEEP_CONFIG": str(self.tree / "canon-sweep/config.toml"),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "TERM": "dumb",
            "COLUMNS": "80",
            "NO_COLOR": "1",
        }


def _all_of(terminal: int) -> str:
    """Everything, until nobody has the other end."""
    parts = []
    while True:
        try:
            parts.append(os.read(terminal, 65536))
        except OSError:  # how Linux tells that it is closed
            return b"".join(parts).decode()
