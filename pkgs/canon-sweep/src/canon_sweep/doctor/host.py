"""What is asked of this host, whatever the recipes are: each question beside the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import msgspec

from canon_sweep.core.checkup import Check, fail, ok, unknown, warn
from canon_sweep.core.count import counted
from canon_sweep.doctor.disk import disk_checks
from canon_sweep.doctor.folder import folder_checks
from canon_sweep.doctor.forge import forge_checks
from canon_sweep.doctor.guard import guard_check
from canon_sweep.doctor.latest import Latest
from canon_sweep.doctor.program import program_checks
from canon_sweep.doctor.secret import common_files, file_check
from canon_sweep.doctor.timer import timer_checks
from canon_sweep.doctor.viewer import Viewer
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault, StateFault
from canon_sweep.guard.choice import Source, sources_of
from canon_sweep.guard.stacks import Stacks
from canon_sweep.settings.records import Settings
from canon_sweep.state.store import State

Asking = Callable[[], Iterable[Check]]


class Host(msgspec.Struct, frozen=True):
    """The settings beside the host that they are for; ``timed`` is whether a timer is theirs."""

    settings: Settings
    viewer: Viewer
    engine: Engine
    latest: Latest
    enrolled: int
    timed: bool

    def questions(self) -> Iterator[tuple[str, Asking]]:
        """Each with what it is about."""
        yield "configuration", self._configuration
        yield "user", self.viewer.checks
        yield "stateDir", partial(folder_checks, self.settings, self.viewer)
        yield "state", self._state
        yield "secrets", self._secrets
        yield "programs", partial(program_checks, self.settings, self.viewer)
        for question in self.engine.questions(self.latest.apps):
            yield "engine", partial(self._engine, question)
        if self.settings.engine == "swarm":
            yield "engine.socket", self._socket
        yield "disk", partial(disk_checks, self.settings, self.engine)
        for source in sources_of(self.settings.guard, self.engine):
            yield source.key, partial(self._guard, source)
        if self.settings.forge is not None:
            yield "forge", partial(forge_checks, self.settings.forge, self.viewer)
        if self.timed:
            yield "timer", timer_checks

    def _configuration(self) -> Iterator[Check]:
        count = len(self.settings.recipes)
        yield ok("configuration", f"sound: {counted(count, 'recipe')}, {self.enrolled} enrolled")
        for key in self.settings.endless:
            yield warn(
                f"recipes.{key}", "it has no end, so that nobody will look at it", "add until"
            )

    def _state(self) -> Iterator[Check]:
        """Whether what decides a sweep can be read; of each record alone, `verify` says more."""
        state = State.of(self.settings)
        try:
            state.check_common()
            state.home.read()
            if self.settings.forge is not None:
                state.looks.read()
            named = state.records()
        except StateFault as fault:
            yield self.viewer.failed("state", fault.what, fault.do)
            return
        for recipe, problem in sorted(named.problems.items()):
            yield fail(f"state of {recipe}", problem, "canon-sweep verify")
        if not named.problems:
            yield ok("state", f"can be read: {counted(len(named.records), 'record')}")

    def _secrets(self) -> Iterator[Check]:
        return (file_check(named, self.viewer) for named in common_files(self.settings))

    def _engine(self, question: Asking) -> Iterator[Check]:
        try:
            yield from question()
        except HostFault as fault:
            yield self.viewer.failed("engine", fault.what, fault.do)

    def _socket(self) -> Iterator[Check]:
        """That an engine which answers us, by a file with rights, says nothing of the service."""
        host = self.settings.swarm.host
        if host.startswith("unix://") and not self.viewer.is_owner:
            yield self.viewer.unseen("engine.socket", f"whether {self.viewer.owner} may use {host}")

    def _guard(self, source: Source) -> Iterator[Check]:
        if isinstance(source.guard, Stacks):
            # of an engine that is away it says that nothing is in flight: no test will be
            try:
                self.engine.node()
            except HostFault as fault:
                found = f"whether stacks of others are on their way: {fault.what}"
                yield unknown(source.key, found, fault.do or self.viewer.instead)
                return
        yield guard_check(source, self.viewer)
