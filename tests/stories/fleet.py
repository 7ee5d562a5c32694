"""A fleet for stories: real git remotes, the local engine, a calendar for a clock.

The recipes' programs are one-line shells, so that a whole sweep takes the time of
a few forks: the data is a token in a file, seeded and checked inside the service.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pygit2

from canon_sweep.core.canonical import Canonical
from canon_sweep.demo import upstream
from canon_sweep.engine.local import ready
from canon_sweep.engine.local.engine import LocalEngine
from canon_sweep.engine.protocol import Engine
from canon_sweep.job.finding import Finding
from canon_sweep.job.overrides import Line as Override
from canon_sweep.job.overrides import overrides
from canon_sweep.job.pins import Pins, pins
from canon_sweep.job.resume import run_resume
from canon_sweep.job.run import run_plan, run_sweep
from canon_sweep.job.test import Wanted, run_test
from canon_sweep.job.verify import verify
from canon_sweep.job.wiring import Surroundings
from canon_sweep.report.records import Entry, Results
from canon_sweep.settings.load import read
from canon_sweep.settings.records import Settings
from canon_sweep.state.store import State

SETTLE = ready.SETTLE
SUNDAY = datetime(2026, 6, 14, 3, tzinfo=UTC)
WEEK = timedelta(days=7)

RUNS = "exec sleep 1000"
# runs on data of its own, and on none; in a compose file a lone $ is compose's own
REFUSES_OLD_DATA = (
    'test -e "$$DATA/mine" || test ! -e "$$DATA/token" || exit 3;'
    ' touch "$$DATA/mine"; exec sleep 1000'
)
NEVER_STARTS = "echo no such table; exit 3"
# what is known of these at once: the one only sleeps, the other is waited for
AT_ONCE = (RUNS, NEVER_STARTS)
LOSES_DATA = 'rm -f "$$DATA/token"; exec sleep 1000'

SEED = {"type": "exec", "command": ["sh", "-c", 'echo {token} > "$DATA/token"']}
CHECK = {"type": "exec", "command": ["sh", "-c", 'cat "$DATA/token"'], "contains": "{token}"}

# of the custom tier: what is no data, and what a recipe has to do
CHECKED = {"type": "exec", "command": ["true"]}


class Quiet:
    """Progress that nobody watches."""

    def begins(self, recipe: str) -> None:
        """Say nothing."""

    def ended(self, entry: Entry) -> None:
        """Say nothing."""


def compose(program: str, tag: str, *, ready: bool = False, secret: bool = False) -> str:
    """A compose file whose service is a line of shell; it may have a secret of its own."""
    local: dict[str, Any] = {
        "command": ["sh", "-c", program],
        "environment": {"DATA": "{volumes.data}"},
    }
    # else it is up for as long as its shell needs to come to the end
    if ready or program == NEVER_STARTS:
        local["ready"] = {"port": 8080}
    service: dict[str, Any] = {
        "image": "none",
        "volumes": ["data:/data"],
        "x-canon-sweep": local,
        "deploy": {
            "labels": [
                f"coop-cloud.${{STACK_NAME}}.version={tag}",
                "coop-cloud.${STACK_NAME}.timeout=20",
            ]
        },
    }
    tree: dict[str, Any] = {"services": {"app": service}, "volumes": {"data": {}}}
    if secret:
        service["secrets"] = ["pw"]
        tree["secrets"] = {"pw": {"external": True, "name": "${STACK_NAME}_pw_v1"}}
    # JSON is YAML
    return json.dumps(tree)


def toml(tree: Mapping[str, Any]) -> str:
    """Settings as a file has them, a line a key of the first level."""
    return "".join(f"{key} = {_inline(value)}\n" for key, value in tree.items())


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(key)} = {_inline(each)}" for key, each in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_inline, value))}]"
    # of what has no keys, JSON's text is TOML's
    return json.dumps(value)


@dataclass(slots=True)
class Night:
    """One sweep's results, by recipe."""

    results: Results

    def __getitem__(self, recipe: str) -> Entry:
        return next(entry for entry in self.results.entries if entry.recipe == recipe)


@dataclass(slots=True)
class Fleet:
    """What the maintainers and the operator do, in their own words.

    On ``shelf`` are first sweeps that other fleets had, each a copy of what it left.
    """

    folder: Path
    now: datetime = SUNDAY
    clock: int = 1_780_000_000
    recipes: dict[str, dict[str, Any]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    wrap: Callable[[Engine], Engine] = lambda engine: engine
    shelf: Path | None = None

    def publishes(
        self,
        recipe: str,
        tag: str | None,
        program: str = RUNS,
        *,
        ready: bool = False,
        secret: bool = False,
    ) -> str:
        """A maintainer commits to main, and tags it if it is a release; gives the commit."""
        if program not in AT_ONCE:
            self.settle()
        text = self.compose(program, tag or "untagged", ready=ready, secret=secret)
        return self.commits(recipe, tag, {"compose.yml": text})

    def settle(self) -> None:
        """Give what does something before it sleeps the usual time for it."""
        ready.SETTLE = SETTLE

    def compose(self, program: str, tag: str, *, ready: bool, secret: bool) -> str:
        """A version's compose file for the engine of this fleet."""
        return compose(program, tag, ready=ready, secret=secret)

    def commits(self, recipe: str, tag: str | None, files: dict[str, str]) -> str:
        """A maintainer commits just these files."""
        self.add(recipe)
        self.clock += 1
        path = self.upstream(recipe)
        # a file of its own keeps two commits of the same files apart
        own = {"n": f"{self.clock}"}
        return upstream.publish(path, files | own, "change", tag, when=self.clock)

    def add(self, recipe: str, **settings: Any) -> None:
        """Make a recipe's upstream and mirror, unless they are there."""
        if recipe not in self.recipes:
            for path in (self.upstream(recipe), self.mirror(recipe)):
                upstream.create(path)
            self.recipes[recipe] = {
                "upstream": self.upstream(recipe).as_uri(),
                "mirror": self.mirror(recipe).as_uri(),
                "data": {"seed": [SEED], "check": [CHECK]},
            }
        self.recipes[recipe] |= settings

    def upstream(self, recipe: str) -> Path:
        """A recipe's upstream repository."""
        return self.folder / "upstreams" / f"{recipe}.git"

    def mirror(self, recipe: str) -> Path:
        """A recipe's mirror."""
        return self.folder / "mirrors" / f"{recipe}.git"

    def repo(self, recipe: str) -> pygit2.Repository:
        """Upstream, to change it as only git can."""
        return pygit2.Repository(str(self.upstream(recipe)))

    def settings(self) -> Settings:
        """The configuration as it is now."""
        tree = {
            "stateDir": str(self.folder / "state"),
            "cacheDir": str(self.folder / "cache"),
            "engine": "local",
            "timeouts": {"probe": "400ms"},
            # what is told of a red does not depend on its being tried again
            "retries": 0,
            "recipes": self.recipes,
        }
        return read(tree | self.options, "config.toml")

    def sweeps(self, *recipes: str, retry: bool = False) -> Night:
        """The timer fires."""
        return Night(run_sweep(self.settings(), recipes, self.means(), retry=retry))

    def has_swept(self) -> None:
        """The first sweep lies behind; of fleets that are alike it is done once, and copied."""
        assert not (self.folder / "state").exists(), "this is for a first sweep"
        done = self.shelf / self._likeness() if self.shelf else None
        if done and done.exists():
            self._copy(done, self.folder)
            return
        self.sweeps()
        if done and self.shelf:
            # whole when it is there; another worker may have been as quick
            draft = Path(mkdtemp(dir=self.shelf))
            self._copy(self.folder, draft, named=done)
            with suppress(OSError):
                draft.rename(done)

    def _likeness(self) -> str:
        """A digest of all that a first sweep depends on; two fleets' folders are alike."""
        refs = {
            recipe: [f"{each.name} {each.target}" for each in self.repo(recipe).references.objects]
            for recipe in self.recipes
        }
        known = [self.recipes, self.options, refs, self.now.isoformat(), ready.SETTLE]
        text = json.dumps(known, sort_keys=True, default=str).replace(str(self.folder), "")
        return hashlib.sha256(text.encode()).hexdigest()

    @staticmethod
    def _copy(source: Path, target: Path, named: Path | None = None) -> None:
        """What a sweep leaves of one fleet becomes another's, whose folder will have that name."""
        for name in ("state", "cache", "mirrors"):
            shutil.rmtree(target / name, ignore_errors=True)
            shutil.copytree(source / name, target / name, symlinks=True)
        # a clone keeps where it is from
        for clone in (target / "cache" / "recipes").glob("*.git"):
            for kept in (clone / "config", clone / "FETCH_HEAD"):
                kept.write_text(kept.read_text().replace(str(source), str(named or target)))

    def resumes(self) -> Night | None:
        """The resume's timer fires; None if nothing was due."""
        results = run_resume(self.settings(), self.means())
        return None if results is None else Night(results)

    def plans(self) -> Night:
        """The operator asks what would happen."""
        return Night(run_plan(self.settings(), (), self.means()))

    def pins(self) -> Pins:
        """The operator asks which pins are needed."""
        return pins(self.settings(), (), self.means())

    def overrides(self) -> dict[str, Override]:
        """The operator asks what is written against the rule: recipe and key."""
        found = overrides(self.settings(), self.means()).overrides
        return {f"{line.recipe} {line.key}": line for line in found}

    def verifies(self) -> tuple[Finding, ...]:
        """The operator asks whether every record holds."""
        return verify(self.settings(), self.means())

    def tests(
        self,
        recipe: str,
        version: str | None = None,
        ref: str | None = None,
        quick: bool = False,
        without_pin: bool = False,
    ) -> Entry:
        """The operator tests one version."""
        wanted = Wanted(recipe, version, ref, quick, without_pin=without_pin)
        return run_test(self.settings(), wanted, self.means()).entries[0]

    def means(self) -> Surroundings:
        """A calendar instead of a clock, and the engine of the story."""
        return Surroundings(Quiet(), lambda _: None, lambda: self.now, self.wrap(self.engine()))

    def engine(self) -> Engine:
        """The local engine, as another process would open it."""
        return LocalEngine(self.folder / "state" / "local")

    def state(self) -> State:
        """The state folder."""
        return State.of(self.settings())

    def canonical(self, recipe: str) -> Canonical:
        """A recipe's record."""
        record = self.state().current.read(recipe)
        assert record is not None
        return record

    def volume(self, recipe: str) -> Path:
        """The folder of a canonical's volume."""
        return self.folder / "state" / "local" / "volumes" / self.canonical(recipe).volumes[0].name

    def bytes_of(self, *recipes: str) -> str:
        """A digest of everything that these canonicals are: records, histories, volumes."""
        digest = hashlib.sha256()
        for recipe in recipes:
            folder = self.state().canonicals.folder / recipe
            for root in (folder, self.volume(recipe)):
                for path in sorted([root, *root.rglob("*")]):
                    about = path.lstat()
                    content = path.read_bytes() if path.is_file() else b""
                    fields = (path.name, about.st_mode, about.st_uid, content)
                    # a folder's time changes with a draft beside the record
                    time = about.st_mtime_ns if root != folder else 0
                    digest.update(repr((*fields, time)).encode())
        return digest.hexdigest()

    def running(self) -> tuple[str, ...]:
        """The stacks that are up."""
        return self.engine().stacks_of_ours()

    def volumes(self) -> set[str]:
        """Every volume there is."""
        return set(self.engine().volumes_of_ours())

    def secrets(self) -> set[str]:
        """Every secret there is."""
        return {thing.name for thing in self.engine().of_ours() if thing.kind == "secret"}
