"""What the servers serve, and what earlier sweeps have left: all recipes alike, but for their tags.

One recipe, the pattern, is made commit by commit and swept for real.  Every other one's
repositories, canonical and clone are copies, made of links, so that a thousand take seconds;
each has tags of its own, so that what is known of one recipe's is of no use for the next.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from canon_sweep.core.canonical import Canonical
from canon_sweep.demo import upstream
from canon_sweep.state.canonicals import Canonicals
from mirror.world import git
from stories.fleet import CHECK, RUNS, SEED, compose, toml

TAGS = 30
BEGIN = 1_780_000_000
PATTERN = "pattern"
_PATTERNS_TAG = re.compile(r"(1\.[0-9]+)\.0\+(v[0-9]+)")
DATA = {"seed": [SEED], "check": [CHECK]}
SIDES = ("upstreams", "mirrors")
CLONES = Path("cache", "recipes")
VOLUMES = Path("state", "local", "volumes")
RECORDS = Path("state", "canonicals")
MAIN = "from canon_sweep.entry import main; main()"
SWEEP = (sys.executable, "-c", MAIN, "run")
# what is installed has its bytecode, and no start makes it anew
INSTALLED = {"PYTHONPYCACHEPREFIX": str(Path(sys.prefix) / "bytecode")}
ENV = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | INSTALLED


@dataclass(frozen=True)
class Ground:
    """The repositories below ``served``, the pattern below ``own``, all states below ``left``."""

    served: Path
    own: Path
    left: Path
    recipes: tuple[str, ...]

    @classmethod
    def made(cls, folder: Path, count: int) -> Ground:
        """Everything for so many recipes."""
        recipes = tuple(f"r{number:04}" for number in range(count))
        ground = cls(folder / "served", folder / "pattern", folder / "left", recipes)
        _make_pattern(ground.own)
        record = Canonicals(ground.own / RECORDS).read(PATTERN)
        assert record is not None, "the pattern was not promoted"
        (ground.left / "state").mkdir(mode=0o700, parents=True)
        shutil.copy(ground.own / "state" / "home", ground.left / "state")
        for number, recipe in enumerate(recipes):
            for side in SIDES:
                linked(ground.own / "served" / side / f"{PATTERN}.git", ground.repo(side, recipe))
                _retag(ground.repo(side, recipe), number)
            ground._leave(record, _of(record, recipe, number))
        return ground

    def repo(self, side: str, recipe: str) -> Path:
        """A recipe's repository on one of the `SIDES`."""
        return self.served / side / f"{recipe}.git"

    def lay(self, folder: Path, recipes: Sequence[str]) -> None:
        """State and cache below ``folder``, as sweeps of these recipes have left them."""
        (folder / "state").mkdir(mode=0o700, parents=True)
        os.link(self.left / "state" / "home", folder / "state" / "home")
        kept = Canonicals(self.left / RECORDS)
        for recipe in recipes:
            record = kept.read(recipe)
            assert record is not None
            linked(self.left / RECORDS / recipe, folder / RECORDS / recipe)
            for volume in record.volumes:
                linked(self.left / VOLUMES / volume.name, folder / VOLUMES / volume.name)
            linked(self.own / CLONES / f"{PATTERN}.git", folder / CLONES / f"{recipe}.git")
            _retag(folder / CLONES / f"{recipe}.git", self.recipes.index(recipe))

    def tag(self, recipe: str, name: str) -> None:
        """Upstream has one more tag, which is no release."""
        git("tag", "--annotate", "-m", name, name, "main", cwd=self.repo("upstreams", recipe))

    def tag_often(self, recipe: str, count: int, sides: Sequence[str] = SIDES) -> None:
        """These sides have many more tags, none a release, as nightly builds leave them."""
        for side in sides:
            at = self.repo(side, recipe)
            main = git("rev-parse", "main", cwd=at)
            git("pack-refs", "--all", cwd=at)
            packed = at / "packed-refs"
            head, *known = packed.read_text().splitlines(keepends=True)
            more = (f"{main} refs/tags/zz-nightly-{number:06}\n" for number in range(count))
            # all begin with z, so that the file stays sorted
            draft = packed.with_suffix(".new")
            draft.write_text(head + "".join(known) + "".join(more))
            draft.replace(packed)

    def _leave(self, pattern: Canonical, record: Canonical) -> None:
        kept = Canonicals(self.left / RECORDS)
        kept.write(record)
        kept.note_promotion(record)
        for old, new in zip(pattern.volumes, record.volumes, strict=True):
            shutil.copytree(self.own / VOLUMES / old.name, self.left / VOLUMES / new.name)


def settings(folder: Path, recipes: Mapping[str, Mapping[str, object]]) -> str:
    """A configuration whose state and cache are below ``folder``."""
    known = {"stateDir": f"{folder}/state", "cacheDir": f"{folder}/cache", "engine": "local"}
    return toml(known | {"recipes": recipes})


def linked(source: Path, target: Path) -> None:
    """A copy of a folder with the same files: whoever changes one puts another in its place."""
    shutil.copytree(source, target, copy_function=os.link)


def own_tag(tag: str, number: int) -> str:
    """The pattern's tag, or whatever names it, as that of another recipe."""
    return _PATTERNS_TAG.sub(rf"\g<1>.{number}+\g<2>.{number}", tag)


def _retag(repo: Path, number: int) -> None:
    packed = repo / "packed-refs"
    draft = packed.with_suffix(".new")
    # sorted as it was: only what is behind the number that tells them apart is another
    draft.write_text(own_tag(packed.read_text(), number))
    draft.replace(packed)


def _make_pattern(own: Path) -> None:
    sides = [own / "served" / side / f"{PATTERN}.git" for side in SIDES]
    for side in sides:
        upstream.create(side)
    for number in range(TAGS):
        tag = f"1.{number}.0+v{number}"
        files = {"compose.yml": compose(RUNS, tag), "README.md": f"# The pattern\n\n{tag}\n"}
        upstream.publish(sides[0], files, f"release {tag}", tag, when=BEGIN + number)
    recipe = {"upstream": sides[0].as_uri(), "mirror": sides[1].as_uri(), "data": DATA}
    config = own / "config.toml"
    config.write_text(settings(own, {PATTERN: recipe}))
    words = [*SWEEP, "--config", str(config)]
    done = subprocess.run(words, env=ENV, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for side in sides:
        git("repack", "-a", "-d", "-q", cwd=side)
    for repo in (*sides, own / CLONES / f"{PATTERN}.git"):
        git("pack-refs", "--all", cwd=repo)


def _of(pattern: Canonical, recipe: str, number: int) -> Canonical:
    """The pattern's record as another recipe's."""
    stack = f"b{number:04}-{number:06x}_ci_localhost"
    volumes = tuple(
        structs.replace(each, name=each.name.replace(pattern.stack, stack))
        for each in pattern.volumes
    )
    domain = stack.replace("_", ".")
    tag, base = own_tag(pattern.tag, number), own_tag(pattern.base or "", number)
    return structs.replace(
        pattern,
        recipe=recipe,
        version=tag,
        tag=tag,
        base=base,
        stack=stack,
        domain=domain,
        volumes=volumes,
    )
