"""Where apps are put up and taken down: an engine, with the journal kept along."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from canon_sweep.core import names
from canon_sweep.core.declared import Declared
from canon_sweep.core.image import Image
from canon_sweep.core.shared import carries, check_declared, check_kept, shared_by
from canon_sweep.core.space import is_full
from canon_sweep.core.version import Version
from canon_sweep.engine.protocol import App, Engine, Place
from canon_sweep.errors import Fault, HostFault, RecipeFault, TimeFault
from canon_sweep.harness.aim import aimed, ports_asked, services_asked
from canon_sweep.harness.discard import discard
from canon_sweep.harness.hiding import hiding
from canon_sweep.harness.hook import Hook
from canon_sweep.harness.limits import Limits
from canon_sweep.harness.probe import RunningApp, perform, until_pass
from canon_sweep.harness.scale import Scale
from canon_sweep.settings.duration import written
from canon_sweep.settings.overlays import ReadOverlay
from canon_sweep.settings.recipes import Probe, RecipeSettings, TcpProbe
from canon_sweep.settings.secretenv import SecretEnv
from canon_sweep.settings.variant import Variant, env_of, texts_of
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.journal import Deployment, Journal
from canon_sweep.state.runs import Log

MAX_NAME_TRIES = 100
# an engine's wait may end this many seconds before the bound that it was given
SLACK = 0.5


class Stage(msgspec.Struct):
    """Puts apps up and takes them down; ``deploys`` counts what was started.

    ``visits`` are an outside harness's tests, whose deploys nobody knows.  ``time_left`` gives
    the seconds that the run still has; ``unsettled`` says what could not be taken down, and is
    in the journal; ``declared`` is what the settings let its stacks share; ``overlays`` are the
    operator's compose files, ``secrets`` his variables that are told by name alone, ``hook`` his
    command before a cold stack; ``images`` has what each version is run with; ``scale`` weighs it.
    """

    recipe: str
    engine: Engine
    journal: Journal
    canonicals: Canonicals
    log: Log
    limits: Limits
    time_left: Callable[[], float]
    declared: Declared
    overlays: tuple[ReadOverlay, ...] = ()
    secrets: SecretEnv = msgspec.field(default_factory=SecretEnv)
    hook: Hook | None = None
    deploys: int = 0
    visits: int = 0
    unsettled: list[str] = msgspec.field(default_factory=list)
    images: dict[str, tuple[Image, ...]] = msgspec.field(default_factory=dict)
    scale: Scale = msgspec.field(default_factory=Scale)
    _ends: float = float("inf")
    _apps: dict[tuple[object, ...], App] = msgspec.field(default_factory=dict)

    def begin_test(self) -> None:
        """From now on a test has its time, whatever is left of the run's."""
        self._ends = time.monotonic() + self.limits.test

    def free_place(self, parent: str, seed: str) -> Place:
        """A stack name and a domain under which nothing exists yet: a cold place.

        Raises:
            HostFault: none was found.
        """
        for number in range(MAX_NAME_TRIES):
            domain = f"{names.stack_label(self.recipe, f'{seed}/{number}')}.{parent}"
            stack = names.stack_of_domain(domain)
            if not self.engine.leftovers(stack):
                return Place(stack, domain)
        raise HostFault(
            f"no free stack name for {self.recipe}", do="look for what was left running"
        )

    @hiding
    def app(
        self, label: str, variant: Variant, place: Place, tree: Path, settings: RecipeSettings
    ) -> App:
        """One version in one place, its files read once, with the recipe's settings.

        ``label`` is what the version is called.

        Raises:
            RecipeFault: the recipe's files cannot be read.
            HostFault: the domain makes a name too long, or an overlay or a secret cannot be used.
        """
        key = (label, variant, place, tree)
        if key not in self._apps:
            self.secrets = self.secrets.at(place.stack, place.domain)
            overlays = texts_of(self.overlays, variant)
            env = {**env_of(settings, variant), **self.secrets.checked()}
            app = App.read(self.recipe, label, place, tree, env, overlays=overlays)
            for name in overlays:
                self.log.say(f"{label} has the {name}")
            asked = services_asked(settings.every_probe, app)
            self._apps[key] = msgspec.structs.replace(app, asked=asked)
        return self._apps[key]

    @hiding
    def up(self, app: App) -> None:
        """Deploy an app, or update it, and wait until it is ready.

        Raises:
            RecipeFault: the app did not get ready, or shares what the settings do not name.
            HostFault: the engine, an image or the network failed.
            TimeFault: the run's time is used up: that is no fault of the app's.
        """
        self._check_shared(app)
        wanted = self.limits.of_deploy(app.source.compose.timeout)
        with self.bounded(self.limits.prepare) as seconds:
            self.images[app.version] = self.engine.prepare(app, seconds)
        self.scale.fetched(self.images[app.version])
        for image in self.images[app.version]:
            told = f", as it was here: {image.not_asked}" if image.not_asked else ""
            self.log.say(f"image {names.plain(image.name)} is {image.digest}{told}")
        with self.bounded(wanted) as seconds:
            self.log.say(f"deploy {app.version} as {app.stack}, at most {written(seconds)}")
            self.deploys += 1
            try:
                self.engine.deploy(app)
                self.engine.wait_ready(app, seconds)
            except RecipeFault as fault:
                self.log.say(f"not ready: {fault}\n{self._logs(app.stack)}")
                raise
        self.log.say(f"ready: {app.version}")

    @hiding
    def before_all(self, app: App, *, tag: str, commit: str, version: Version | None) -> None:
        """Have done what the operator wants before an app is deployed where nothing is yet.

        Raises:
            HostFault: it failed.
            TimeFault: the run's time is used up.
        """
        if self.hook is not None:
            with self.bounded(self.limits.prepare) as seconds:
                self.hook.run(app, tag=tag, commit=commit, version=version, seconds=seconds)

    def check_room(self, fault: Fault) -> None:
        """See that a failure is not the host's: on a full disk nothing is known of the recipe.

        Raises:
            HostFault: the engine's disk is full.
        """
        space = self.engine.space()
        if is_full(space):
            raise HostFault(
                f"{space} were free on the engine's file system when this failed: {fault}",
                do="make room, and see disk.minFree and disk.floor",
            ) from fault

    @hiding
    def ask(self, probes: Sequence[Probe], app: App) -> None:
        """Ask a running app until every probe has passed.

        Raises:
            RecipeFault: one did not.
            TimeFault: the run's time is used up.
        """
        for probe in probes:
            with self.bounded(self.limits.probe, self.limits.exec) as seconds:
                until_pass(aimed(probe, app), self._running(app), seconds)

    @hiding
    def await_ports(self, probes: Sequence[Probe], app: App) -> None:
        """Wait until somebody answers at the ports that probes ask, where the app has the service.

        Raises:
            RecipeFault: nobody does.
            TimeFault: the run's time is used up.
        """
        ports = ports_asked(probes, app)
        self.ask([TcpProbe(service=service, port=port) for service, port in ports], app)

    @hiding
    def do(self, probes: Sequence[Probe], app: App) -> None:
        """Make each probe's request once, as for data that must not be written twice.

        Raises:
            RecipeFault: one was not answered as it should.
            TimeFault: the run's time is used up.
        """
        for probe in probes:
            with self.bounded(self.limits.probe, self.limits.exec) as seconds:
                perform(aimed(probe, app), self._running(app), seconds)

    def begin(self, stack: str) -> None:
        """Write a test's stack down before anything of it exists."""
        self.journal.put(Deployment(recipe=self.recipe, stack=stack, engine=self.engine.name))

    def down(self, stack: str) -> None:
        """Take an app down; its volumes and secrets stay."""
        said = self._logs(stack)
        self.engine.undeploy(stack)
        self.log.say(f"undeployed {stack}" + (f"\n{said}" if said else ""))

    def discard(self, stack: str) -> None:
        """Take an app down with all that it has, and forget it.

        One that cannot be taken down costs no result: it stays in the journal, and
        is tried again before anything else is tested.
        """
        said = self._logs(stack)
        self.log.say(f"discard {stack}" + (f"\n{said}" if said else ""))
        try:
            had = discard(
                self.recipe,
                stack,
                engine=self.engine,
                journal=self.journal,
                canonicals=self.canonicals,
            )
        except Fault as fault:
            self.log.say(f"{stack} could not be discarded: {fault}")
            self.unsettled.append(f"{stack} could not be taken down yet: {fault}")
            self.scale.cannot_tell()
        else:
            self.scale.weigh(stack, had)
            self.scale.removed(stack)

    def weigh(self, stack: str) -> None:
        """See what a stack that is down takes; that costs no result, whatever comes of it."""
        try:
            self.scale.weigh(stack, self.engine.volumes(stack))
        except Fault as fault:
            self.log.say(f"what {stack} takes of the disk is not known: {fault}")
            self.scale.cannot_tell()

    @hiding
    def carries(self, app: App) -> tuple[str, ...]:
        """The places through which an app's data can have come from another deployment.

        Raises:
            RecipeFault: the recipe's files cannot be read for it.
        """
        return carries(shared_by(app.source.compose, app.stack), self.declared)

    def _check_shared(self, app: App) -> None:
        shared = shared_by(app.source.compose, app.stack)
        if shared.secrets or shared.configs:
            known = self.canonicals.read_all()
            check_kept(shared, known.records.values())
            for problem in known.problems.values():
                raise HostFault(f"nothing external is used that this record may keep: {problem}")
        check_declared(shared, self.declared, self.recipe)

    @contextmanager
    def bounded(self, wanted: float, within: float = 0) -> Iterator[float]:
        """How long something may take, in seconds: as wanted, or what is left of test or run.

        ``within`` is the limit of a single step of it, where that may be longer.

        Raises:
            TimeFault: it failed, and it was the run's time that bounded it.
            HostFault: it failed, and it was the test's.
        """
        if (left := self._left()) <= 0:
            raise self._time_is_up()
        try:
            yield min(wanted, left)
        except (RecipeFault, HostFault) as fault:
            if left < max(wanted, within) and self._left() <= SLACK:
                raise self._time_is_up() from fault
            raise

    def _left(self) -> float:
        return min(self.time_left(), self._ends - time.monotonic())

    def _time_is_up(self) -> Fault:
        if self.time_left() <= SLACK:
            return TimeFault("maxRuntime is used up", do="raise it if this happens often")
        # each step had its own bound: what was slow may as well be the host
        return HostFault(
            f"the test did not end within {written(self.limits.test)}",
            do="raise timeouts.test, of this recipe alone or of all, if it takes that long",
        )

    def _running(self, app: App) -> RunningApp:
        exec_timeout = max(min(self.limits.exec, self._left()), 0.001)
        return RunningApp(self.engine, app.stack, app.domain, exec_timeout)

    def _logs(self, stack: str) -> str:
        try:
            return self.engine.logs(stack)
        except Fault as fault:
            return f"(no logs: {fault})"
