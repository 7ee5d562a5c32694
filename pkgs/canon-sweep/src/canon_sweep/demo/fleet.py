"""The demo's fleet: five little recipes and what their maintainers publish, and when.

    fleet/every-recipe/                   files that each recipe has, the HTTP part among them
    fleet/<recipe>/recipe/                the others; env.sample becomes .env.sample
    fleet/<recipe>/generation/<vN>.toml   what differs between generations of its program
    fleet/<recipe>/release/<tag>          release notes
    fleet/<recipe>/settings.toml          its part of the configuration

``@TAG@`` in a file becomes the release, ``@PROGRAM@`` the generation: Swarm
never changes a config, so its name must change with its content. Any other
mark becomes what the generation's file says.

A folder with a hyphen is no package: mypy finds ``web`` there, as Python does
beside a published program.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import msgspec

from canon_sweep.demo import upstream
from canon_sweep.errors import UsageFault

DATA = Path(__file__).parent / "fleet"

# noon UTC on the first of January 2026, so that every demo has the same commits
FIRST_DAY = 1_767_268_800
DAY = 86_400


class Publication(msgspec.Struct, frozen=True):
    """One commit on ``main`` and the release it may be.

    ``program`` is the generation of the program, ``stray`` a tag that is no
    release, ``remark`` a line added to the README.
    """

    message: str
    program: str
    tag: str | None = None
    annotated: bool = True
    stray: str | None = None
    remark: str = ""


class DemoRecipe(msgspec.Struct, frozen=True):
    """One recipe: what is published before the first sweep, and before the third."""

    name: str
    first: tuple[Publication, ...]
    later: tuple[Publication, ...] = ()

    @property
    def tags(self) -> tuple[str, ...]:
        """Every release there will ever be, from the oldest to the latest."""
        return tuple(entry.tag for entry in (*self.first, *self.later) if entry.tag)


FLEET = (
    DemoRecipe(
        "archive",
        first=(Publication("Keep the forum readable", "v1", "0.9.0+0.9.0"),),
    ),
    DemoRecipe(
        "counter",
        first=(
            Publication("Count by name", "v1", "1.0.0+1.0.0", stray="v2.4.8"),
            Publication("Build on the current base image", "v1", "1.1.0+1.1.0"),
        ),
        # broken on purpose: it reads the state by a new key, and nobody renamed the old one
        later=(Publication("Keep counts under a clearer name", "v2", "2.0.0+2.0.0"),),
    ),
    DemoRecipe(
        "draft",
        first=(
            Publication("Say hello", "v1"),
            Publication("Say what is missing", "v1", remark="Missing: everything but a greeting."),
        ),
    ),
    DemoRecipe(
        "notes",
        first=(
            Publication("Keep notes", "v1", "1.0.0+1.0.0"),
            Publication("Build on the current base image", "v1", "1.1.0+1.1.0"),
        ),
        later=(Publication("Give notes a date, migrate older ones", "v2", "2.0.0+2.0.0"),),
    ),
    DemoRecipe(
        "site",
        first=(
            Publication("Show pages from a volume", "v1", "1.0.0+1.0.0", annotated=False),
            Publication("Build on the current base image", "v1", "1.0.1+1.0.1"),
            Publication("Explain the front page", "v1", remark="`/` shows `index.html`."),
        ),
    ),
)


def create_upstreams(folder: Path) -> None:
    """Make the upstream repositories as they are before the first sweep.

    Raises:
        UsageFault: there are upstreams already.
    """
    _refuse_existing(folder / "upstreams")
    for recipe in FLEET:
        path = upstream_path(folder, recipe.name)
        upstream.create(path)
        for number in range(len(recipe.first)):
            _publish(path, recipe, number)


def create_mirrors(folder: Path) -> None:
    """Make an empty mirror for each recipe.

    Raises:
        UsageFault: there are mirrors already.
    """
    _refuse_existing(folder / "mirrors")
    for recipe in FLEET:
        upstream.create(mirror_path(folder, recipe.name))


def publish_new_releases(folder: Path) -> None:
    """Publish what appears before the third sweep: one good release, one broken one."""
    for recipe in FLEET:
        for number in range(len(recipe.first), len(recipe.first) + len(recipe.later)):
            _publish(upstream_path(folder, recipe.name), recipe, number)


def upstream_path(folder: Path, recipe: str) -> Path:
    """Where a recipe's upstream repository is."""
    return folder / "upstreams" / f"{recipe}.git"


def mirror_path(folder: Path, recipe: str) -> Path:
    """Where a recipe's mirror is."""
    return folder / "mirrors" / f"{recipe}.git"


def config_toml(folder: Path, engine: str, host: str | None = None) -> str:
    """The text of ``config.toml`` for this fleet; ``folder`` becomes absolute in it.

    ``host`` is where the Docker Engine listens, if not in its usual place.
    """
    folder = folder.absolute()
    return "\n".join([_head(folder, engine, host), *(_recipe_toml(folder, r) for r in FLEET)])


def files(recipe: DemoRecipe, number: int) -> dict[str, str]:
    """The recipe's whole tree, text by path, as its publication ``number`` has it."""
    publication = (*recipe.first, *recipe.later)[number]
    released = _released(recipe, number)
    data = DATA / recipe.name
    marks = {
        "TAG": released[-1] if released else "0.0.0+0",
        "PROGRAM": publication.program,
        **_generation(data / "generation" / f"{publication.program}.toml"),
    }
    paths = (*(DATA / "every-recipe").iterdir(), *(data / "recipe").iterdir())
    # an installer may have put a folder of compiled files there
    tree = {_real_name(path): _filled(path, marks) for path in paths if path.is_file()}
    if publication.remark:
        tree["README.md"] += f"\n{publication.remark}\n"
    for tag in released:
        tree[f"release/{tag}"] = (data / "release" / tag).read_text("utf-8")
    return tree


def _publish(path: Path, recipe: DemoRecipe, number: int) -> None:
    publication = (*recipe.first, *recipe.later)[number]
    when = FIRST_DAY + number * DAY
    commit = upstream.publish(
        path,
        files(recipe, number),
        publication.message,
        publication.tag,
        when=when,
        annotated=publication.annotated,
    )
    if publication.stray:
        upstream.tag_commit(path, publication.stray, commit, when=when, annotated=False)


def _released(recipe: DemoRecipe, number: int) -> list[str]:
    published = (*recipe.first, *recipe.later)[: number + 1]
    return [entry.tag for entry in published if entry.tag]


def _generation(path: Path) -> dict[str, str]:
    # a program that never changes has no such file
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


def _real_name(path: Path) -> str:
    # packaging skips files that begin with a dot
    return ".env.sample" if path.name == "env.sample" else path.name


def _filled(path: Path, marks: dict[str, str]) -> str:
    text = path.read_text("utf-8")
    for mark, value in marks.items():
        text = text.replace(f"@{mark}@", value)
    return text


def _head(folder: Path, engine: str, host: str | None) -> str:
    swarm = f"swarm.host = {_quoted(host)}\n" if host else ""
    # these apps answer at once or not at all; a minute is for real ones
    return (
        f"stateDir = {_quoted(str(folder / 'state'))}\n"
        f"cacheDir = {_quoted(str(folder / 'cache'))}\n"
        f"engine = {_quoted(engine)}\n"
        f'domain = "ci.localhost"\n'
        # what is red here is meant to be: once is enough
        f"retries = 0\n{swarm}\n"
        '[timeouts]\nprobe = "5s"\n'
    )


def _recipe_toml(folder: Path, recipe: DemoRecipe) -> str:
    addresses = (
        f"[recipes.{recipe.name}]\n"
        f"upstream = {_quoted(upstream_path(folder, recipe.name).as_uri())}\n"
        f"mirror = {_quoted(mirror_path(folder, recipe.name).as_uri())}\n"
    )
    return addresses + (DATA / recipe.name / "settings.toml").read_text("utf-8")


def _quoted(text: str) -> str:
    # TOML's basic strings are JSON's, but for surrogate pairs
    return json.dumps(text, ensure_ascii=False)


def _refuse_existing(folder: Path) -> None:
    if folder.exists():
        raise UsageFault(f"{folder} is there already", do="give an empty folder")
