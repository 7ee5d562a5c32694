"""Four sweeps over the fleet, and what each of them has to show."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code
from canon_sweep.demo import fleet
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import EXIT_DONE, EXIT_WRONG, UsageFault
from canon_sweep.job.run import run_sweep
from canon_sweep.job.wiring import Surroundings
from canon_sweep.report.records import Results
from canon_sweep.settings.load import load
from canon_sweep.settings.records import Settings
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.store import State

GOOD, BROKEN = "notes", "counter"


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a sweep had to show, and whether it did."""

    text: str
    holds: bool


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """One sweep of the demo."""

    title: str
    proves: str
    results: Results
    claims: tuple[Claim, ...]


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """The whole demo."""

    folder: str
    sweeps: tuple[Chapter, ...]

    @property
    def exit_code(self) -> int:
        """0 if every claim holds."""
        claims = [claim for chapter in self.sweeps for claim in chapter.claims]
        return EXIT_DONE if all(claim.holds for claim in claims) else EXIT_WRONG


def prepare(folder: Path, engine: str, host: str | None = None) -> Settings:
    """Make the fleet's upstreams, its mirrors and ``config.toml`` in an empty folder.

    Raises:
        UsageFault: the folder is not empty, or cannot be written, or named in a file.
    """
    try:
        str(folder.absolute()).encode()
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageFault(f"{folder} is not empty", do="name a new folder, or remove it")
        fleet.create_upstreams(folder)
        fleet.create_mirrors(folder)
        (folder / "config.toml").write_text(fleet.config_toml(folder, engine, host), "utf-8")
    except OSError as error:
        raise UsageFault(f"{folder} cannot be used: {error.strerror}") from error
    except UnicodeEncodeError:
        where = f"{folder.absolute()} is not UTF-8 text, as config.toml has to be"
        raise UsageFault(where, do="name a folder elsewhere") from None
    return load(folder / "config.toml")


def tell(
    folder: Path,
    settings: Settings,
    around: Surroundings,
    engine: Engine,
    told: Callable[[Chapter], None],
) -> Story:
    """Sweep four times; ``told`` is given each chapter as it ends."""
    canonicals = State.of(settings).canonicals
    chapters: list[Chapter] = []

    def sweep(title: str, proves: str, claims: Callable[[Results], tuple[Claim, ...]]) -> None:
        results = run_sweep(settings, (), around)
        chapter = Chapter(title=title, proves=proves, results=results, claims=claims(results))
        chapters.append(chapter)
        told(chapter)

    sweep(
        "1. everything is new",
        "a release that installs cold, upgrades and reattaches becomes the canonical",
        _all_promoted,
    )
    if not all(claim.holds for claim in chapters[0].claims):
        # without canonicals there is nothing that the other sweeps could show
        return Story(folder=str(folder), sweeps=tuple(chapters))
    sweep(
        "2. again, at once",
        "without a new release nothing at all is done",
        _nothing_done,
    )
    fleet.publish_new_releases(folder)
    before = fingerprint(BROKEN, canonicals, engine)
    sweep(
        f"3. {GOOD} and {BROKEN} have a new release, and {BROKEN}'s is broken",
        "a good release moves its canonical, and a broken one costs its canonical nothing",
        lambda results: _one_kept_back(results, fingerprint(BROKEN, canonicals, engine) == before),
    )
    sweep(
        "4. again, at once",
        "a release that was red is not tested again for nothing",
        _known_red,
    )
    return Story(folder=str(folder), sweeps=tuple(chapters))


def fingerprint(recipe: str, canonicals: Canonicals, engine: Engine) -> str:
    """A digest of a canonical: its record, its history, and its volumes with their content."""
    record = canonicals.read(recipe)
    digest = hashlib.sha256()
    for path in sorted((canonicals.folder / recipe).iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    for volume in engine.volumes(record.stack) if record else ():
        digest.update(f"{volume.name} {engine.volume_digest(volume.name)}".encode())
    return digest.hexdigest()


def _all_promoted(results: Results) -> tuple[Claim, ...]:
    tested = [entry for entry in results.entries if entry.code is Code.FIRST_CANONICAL]
    untested = {entry.code for entry in results.entries if entry not in tested}
    return (
        Claim(
            text="every enrolled recipe that has a release is promoted",
            holds=bool(tested) and all(e.outcome is Outcome.PROMOTED for e in tested),
        ),
        Claim(
            text="the others say why not: never released, or excepted",
            holds=untested == {Code.NEVER_RELEASED, Code.EXCEPTED},
        ),
    )


def _nothing_done(results: Results) -> tuple[Claim, ...]:
    idle = {Code.NO_NEW_VERSION, Code.NEVER_RELEASED, Code.EXCEPTED}
    return (
        Claim(
            text="nothing is deployed, pushed or written",
            holds=results.noop and {entry.code for entry in results.entries} == idle,
        ),
    )


def _one_kept_back(results: Results, untouched: bool) -> tuple[Claim, ...]:
    outcomes = {entry.recipe: entry.outcome for entry in results.entries}
    return (
        Claim(text=f"{GOOD} is promoted", holds=outcomes[GOOD] is Outcome.PROMOTED),
        Claim(text=f"{BROKEN} is red", holds=outcomes[BROKEN] is Outcome.RED),
        Claim(text=f"{BROKEN}'s canonical is what it was, byte for byte", holds=untouched),
    )


def _known_red(results: Results) -> tuple[Claim, ...]:
    codes = {entry.recipe: entry.code for entry in results.entries}
    return (
        Claim(text="nothing is deployed, pushed or written", holds=results.noop),
        Claim(text=f"{BROKEN} is a known red", holds=codes[BROKEN] is Code.KNOWN_RED),
    )
