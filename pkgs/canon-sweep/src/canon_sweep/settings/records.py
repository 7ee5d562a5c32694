"""The records that a configuration is read into; a recipe's are in `recipes`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, structs

from canon_sweep.core.address import read_address
from canon_sweep.core.budget import Budget
from canon_sweep.core.names import printable
from canon_sweep.core.override import is_over
from canon_sweep.errors import UsageFault
from canon_sweep.settings.credential import Credential, login_of
from canon_sweep.settings.harness import HarnessSettings
from canon_sweep.settings.recipes import RecipeSettings
from canon_sweep.settings.table import Table
from canon_sweep.settings.values import Bytes, Command, Count, Seconds, SecretFile, Text


class Registry(Table, frozen=True, kw_only=True):
    """How to log in at one registry of images; the password is named by file."""

    username: Text
    password_file: SecretFile


class Timeouts(Table, frozen=True, kw_only=True):
    """How long to wait.

    A recipe's own ``timeout`` label outranks ``deploy``, up to ``deployCap``: a
    label is upstream's, and must not use up the whole fleet's time.  ``test`` bounds all
    tiers of one test together.
    """

    prepare: Seconds = Seconds(1800)
    deploy: Seconds = Seconds(300)
    deploy_cap: Seconds = Seconds(3600)
    probe: Seconds = Seconds(60)
    exec: Seconds = Seconds(60)
    test: Seconds = Seconds(3 * 3600)


class PruneSettings(Table, frozen=True, kw_only=True):
    """What is old enough to go.

    ``keepRuns`` is how many run folders stay, the newest ones; an image goes when it has not
    been pulled or tagged here for ``imagesAfter``.  With ``foreignImages`` that holds for
    images that no test of ours has pulled, too.
    """

    keep_runs: Annotated[int, Meta(ge=1, le=10_000)] = 100
    images_after: Seconds = Seconds(7 * 86400)
    foreign_images: bool = False


class DiskSettings(Table, frozen=True, kw_only=True):
    """How much of the engine's disk may be used; what is not set is not asked for.

    ``minFree`` is what stays free of it also at a test's peak, ``floor`` what ends a test
    under way, ``budget`` the most that canonicals retain, and ``assumedPeak`` what a recipe
    is reckoned with of which no test has gone through yet.
    """

    min_free: Bytes | None = None
    floor: Bytes | None = None
    budget: Bytes | None = None
    assumed_peak: Bytes = Bytes(5 * 2**30)


class SurveySettings(Table, frozen=True, kw_only=True):
    """How many remotes are asked at once by whatever looks at all, and how many of one host."""

    parallel: Annotated[int, Meta(ge=1, le=64)] = 8
    per_host: Annotated[int, Meta(ge=1, le=64)] = 8


class SwarmSettings(Table, frozen=True, kw_only=True):
    """Where the Docker Engine listens."""

    host: Text = "unix:///var/run/docker.sock"


class BuildServer(Table, frozen=True, kw_only=True):
    """A server of builds that is asked whether any is in flight, and the token for it."""

    url: Text
    token_file: SecretFile


class GuardSettings(Table, frozen=True, kw_only=True):
    """What the sweep is never beside, and how long it waits for the end of it.

    ``wait`` is the longest before the first recipe, and again between any two; ``poll`` is
    how long after each other it asks meanwhile.  ``stacks`` is whether other people's
    stacks on the Swarm that converge are waited for, but for those in ``ignore``.  The
    patterns are of the shell's kind: ``units`` of systemd, ``processes`` by their whole
    command line, ``lockFiles`` that some process has locked.
    """

    wait: Seconds = Seconds(1800)
    poll: Seconds = Seconds(30)
    drone: BuildServer | None = None
    woodpecker: BuildServer | None = None
    stacks: bool = True
    ignore: tuple[Text, ...] = ()
    units: tuple[Text, ...] = ()
    processes: tuple[Text, ...] = ()
    lock_files: tuple[Text, ...] = ()

    @property
    def within_build(self) -> GuardSettings:
        """What a test is never beside that is a step of a build: its server has let it run."""
        return structs.replace(self, drone=None, woodpecker=None)


class ForgeSettings(Table, frozen=True, kw_only=True):
    """The forge that mirrors lie on, and the token of who closes pull requests there.

    ``createMirrors`` is whether a mirror that is missing there is made, for everybody to see
    or, by default, only for those whom its owner lets in.
    """

    type: Literal["forgejo", "gitea"]
    url: Text
    token_file: SecretFile
    create_mirrors: bool = False
    visibility: Literal["private", "public"] = "private"


class Settings(Table, frozen=True, kw_only=True):
    """The whole configuration.

    ``canonicalsDir`` is where the records are kept, by default in the state folder; with a
    harness that promotes by itself, where that keeps them, e.g. ``/var/lib/ci-warm``.
    ``preSweep`` is what a sweep over all recipes runs before the first of them.  ``harness``
    is what tests instead of our own tiers.  ``retryWindow`` is how long after a sweep's first
    start what it has not reached may be taken up again.
    """

    state_dir: Path = Path("/var/lib/canon-sweep")
    cache_dir: Path = Path("/var/cache/canon-sweep")
    canonicals_dir: Path | None = None
    engine: Literal["local", "swarm"] = "swarm"
    domain: Text = "ci.localhost"
    retry_red_after: Seconds = Seconds(6 * 86400)
    retries: Count = 1
    infra_retries: Count = 1
    base_depth: Annotated[int, Meta(ge=1, le=100)] = 3
    max_runtime: Seconds = Seconds(20 * 3600)
    retry_window: Seconds = Seconds(12 * 3600)
    sync_timeout: Seconds = Seconds(300)
    pre_sweep: tuple[Command, ...] = ()
    guard: GuardSettings = GuardSettings()
    forge: ForgeSettings | None = None
    harness: HarnessSettings | None = None
    timeouts: Timeouts = Timeouts()
    disk: DiskSettings = DiskSettings()
    prune: PruneSettings = PruneSettings()
    survey: SurveySettings = SurveySettings()
    swarm: SwarmSettings = SwarmSettings()
    credentials: dict[str, Credential] = {}
    registries: dict[str, Registry] = {}
    recipes: dict[str, RecipeSettings] = {}

    @property
    def harness_promotes(self) -> bool:
        """Whether an outside harness makes its own canonicals, so that theirs are not ours."""
        return self.harness is not None and self.harness.promotes

    def enrolled(self, day: date) -> dict[str, RecipeSettings]:
        """The recipes that take part in the sweep on a day, in the order of their names.

        An exception that ends with a release is over when that has been seen, not before.
        """
        return {
            name: recipe
            for name, recipe in sorted(self.recipes.items())
            if (why := recipe.excepted) is None or is_over(why, day, None, recipe.tag_rule)
        }

    def login(self, url: str) -> Credential | None:
        """What a remote is logged in to with, if anything.

        Raises:
            ValueError: as for `read_address`.
        """
        return login_of(self.credentials, read_address(url))

    @property
    def endless(self) -> tuple[str, ...]:
        """The keys of the overrides that nothing will ever end, each behind its recipe's name."""
        return tuple(
            f"{name}.{each.key}"
            for name, recipe in sorted(self.recipes.items())
            for each in recipe.overrides
            if not each.until
        )

    @property
    def retention(self) -> Budget:
        """How much canonicals may retain, and whose data may go for whose."""
        given = {name: recipe.priority for name, recipe in self.recipes.items()}
        priorities = {name: own for name, own in given.items() if own is not None}
        return Budget(self.disk.budget, priorities)

    def recipe(self, name: str) -> RecipeSettings:
        """A recipe's settings.

        Raises:
            UsageFault: the configuration has no recipe of this name.
        """
        if name not in self.recipes:
            raise UsageFault(
                f"there is no recipe {printable(name)} in the configuration",
                do=f"it has {', '.join(sorted(self.recipes))}",
            )
        return self.recipes[name]
