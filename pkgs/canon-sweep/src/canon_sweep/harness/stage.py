"""Where apps are put up and taken down: an engine, with the journal kept along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from canon_sweep.core import names
from canon_sweep.engine import source
from canon_sweep.engine.protocol import App, Engine
from canon_sweep.errors import HostFault, RecipeFault
from canon_sweep.harness.probe import Subject
from canon_sweep.settings.records import RecipeSettings, Settings
from canon_sweep.state.journal import Deployment, Journal
from canon_sweep.state.runs import Log

MAX_NAME_TRIES = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, in seconds; ``deploy`` None leaves it to the recipe's label."""

    prepare: float
    deploy: float | None
    deploy_default: float
    probe: float
    exec: float

    @classmethod
    def of(cls, settings: Settings, recipe: RecipeSettings) -> Limits:
        """A recipe's own limits where it has any, else everybody's."""
        common, own = settings.timeouts, recipe.timeouts
        return cls(
            prepare=own.prepare or common.prepare,
            deploy=own.deploy,
            deploy_default=common.deploy,
            probe=own.probe or common.probe,
            exec=own.exec or common.exec,
        )


@dataclass(slots=True)
class Stage:
    """Puts apps up and takes them down; ``deploys`` counts what was started.

    ``time_left`` gives the seconds that the whole run still has.
    """

    engine: Engine
    journal: Journal
    log: Log
    limits: Limits
    time_left: Callable[[], float]
    deploys: int = 0

    def free_names(self, recipe: str, parent: str, seed: str) -> tuple[str, str]:
        """A stack name and a domain under which nothing exists yet: a cold place.

        Raises:
            HostFault: none was found.
        """
        for number in range(MAX_NAME_TRIES):
            domain = f"{names.stack_label(recipe, f'{seed}/{number}')}.{parent}"
            stack = names.stack_of_domain(domain)
            if not self.engine.leftovers(stack):
                return stack, domain
        raise HostFault(f"no free stack name for {recipe}", do="look for what was left running")

    def app(
        self, recipe: str, version: str, names_: tuple[str, str], tree: Path, env: Mapping[str, str]
    ) -> App:
        """One version under one pair of names."""
        stack, domain = names_
        return App(recipe, version, stack, domain, tree, env)

    def up(self, app: App) -> None:
        """Deploy an app, or update it, and wait until it is ready.

        Raises:
            RecipeFault: the app did not get ready.
            HostFault: the engine, an image or the network failed, or the run's
                time is used up: that is no fault of the app's.
        """
        self._assert_time()
        limit = min(self._deploy_limit(app), self.time_left())
        self.engine.prepare(app, min(self.limits.prepare, self.time_left()))
        self.log.say(f"deploy {app.version} as {app.stack}, at most {limit:.3g} s")
        self.deploys += 1
        try:
            self.engine.deploy(app)
            self.engine.wait_ready(app, limit)
        except RecipeFault as fault:
            self.log.say(f"not ready: {fault}\n{self.engine.logs(app.stack)}")
            self._assert_time()
            raise
        self.log.say(f"ready: {app.version}")

    def begin(self, recipe: str, stack: str) -> None:
        """Write a test's stack down before anything of it exists."""
        self.journal.put(Deployment(recipe=recipe, stack=stack))

    def down(self, stack: str) -> None:
        """Take an app down; its volumes and secrets stay."""
        said = self.engine.logs(stack)
        self.engine.undeploy(stack)
        self.log.say(f"undeployed {stack}" + (f"\n{said}" if said else ""))

    def discard(self, stack: str) -> None:
        """Take an app down with all that it has, and forget it."""
        self.down(stack)
        for volume in self.engine.volumes(stack):
            self.engine.remove_volume(volume.name)
        for secret in self.engine.secrets(stack):
            self.engine.remove_secret(secret)
        self.journal.drop(stack)

    def subject(self, app: App) -> Subject:
        """The app as probes see it."""
        return Subject(self.engine, app.stack, app.domain, self.limits.exec)

    def _assert_time(self) -> None:
        if self.time_left() <= 0:
            raise HostFault("maxRuntime is used up", do="raise it if this happens often")

    def _deploy_limit(self, app: App) -> float:
        label = source.read(app).compose.timeout
        return self.limits.deploy or label or self.limits.deploy_default
