"""CI from nothing: install, custom, upgrade, reattach."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from canon_sweep.core.base import Base, upgrade_na
from canon_sweep.core.result import BrokenBase, CiResult, Status, Tier, TierResult
from canon_sweep.engine.protocol import App
from canon_sweep.errors import RecipeFault, SyncFault
from canon_sweep.harness.order import Checkout, Order
from canon_sweep.harness.probe import perform, until_pass
from canon_sweep.harness.stage import Stage

Judged = tuple[Status, str]
PASSED: Judged = (Status.PASS, "")


def run_cold(order: Order, stage: Stage, checkout: Checkout) -> CiResult:
    """Test a version on a place where nothing of it was before.

    A green run leaves its stack undeployed, with its volumes and secrets, and
    written in the journal: the caller keeps or discards it.  Any other run leaves
    nothing.

    Raises:
        HostFault: the host failed; it says nothing of the version.
        SyncFault: the version is not in the clone.
        TimeFault: the run's time is used up.
    """
    names = stage.free_names(order.domain, f"{order.seed}/keep")
    cold = not stage.engine.leftovers(names[0])
    run = _ColdRun(order, stage, checkout, names)
    run.fetch()
    stage.begin(names[0])
    green = False
    try:
        result = run.result(cold=cold)
        green = result.green
        return result
    finally:
        if not green:
            stage.discard(names[0])


def run_tiers(stage: Stage, tiers: dict[Tier, Callable[[], Judged]]) -> tuple[TierResult, ...]:
    """Run tiers in order until one fails.

    Raises:
        HostFault: the host failed in one of them.
    """
    results = []
    for tier, step in tiers.items():
        stage.log.say(f"tier {tier}")
        started = time.monotonic()
        try:
            status, reason = step()
        except RecipeFault as fault:
            status, reason = Status.FAIL, str(fault)
        seconds = round(time.monotonic() - started, 3)
        results.append(TierResult(tier=tier, status=status, reason=reason, seconds=seconds))
        stage.log.say(f"tier {tier}: {status}{f': {reason}' if reason else ''}")
        if status is Status.FAIL:
            break
    return tuple(results)


@dataclass(slots=True)
class _ColdRun:
    order: Order
    stage: Stage
    checkout: Checkout
    kept: tuple[str, str]
    base: str | None = None
    broken: list[BrokenBase] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def fetch(self) -> None:
        """Write out every version that is needed, before anything is up.

        Raises:
            SyncFault: the version under test is not in the clone.
        """
        with suppress(RecipeFault):  # the install says it
            self.checkout(self.order.commit)
        for base in self.order.bases.candidates:
            try:
                self.checkout(base.commit)
            except (RecipeFault, SyncFault) as fault:
                self.missing[base.commit] = str(fault)

    def result(self, *, cold: bool) -> CiResult:
        """Run every tier until one fails."""
        tiers = run_tiers(
            self.stage,
            {
                Tier.INSTALL: self.install,
                Tier.CUSTOM: self.custom,
                Tier.UPGRADE: self.upgrade,
                Tier.REATTACH: self.reattach,
            },
        )
        return CiResult(
            tag=self.order.tag,
            commit=self.order.commit,
            cold=cold,
            tiers=tiers,
            stack=self.kept[0],
            domain=self.kept[1],
            base=self.base,
            broken_bases=tuple(self.broken),
            stepped_back=self.order.bases.stepped_back,
        )

    def install(self) -> Judged:
        app = self._app(self.order.label, self.order.commit, self.kept)
        self.stage.up(app)
        self._probe(app)
        return PASSED

    def custom(self) -> Judged:
        """The recipe's checks; then data goes in, which `reattach` looks for."""
        checks, app = self.order.settings.checks, self._target(self.kept)
        until_pass(checks, self.stage.subject(app), self.stage.patience())
        self._seed(app)
        self._check_data(app)
        # the upgrade has the host to itself
        self.stage.down(app.stack)
        return PASSED if checks else (Status.NA, "the recipe declares no checks")

    def upgrade(self) -> Judged:
        reason = upgrade_na(self.order.bases, self.order.settings.expected_na.upgrade)
        if reason:
            return Status.NA, reason
        for base in self.order.bases.candidates:
            self._assert_older(base)
            names = self.stage.free_names(self.order.domain, f"{self.order.seed}/from {base.tag}")
            self.stage.begin(names[0])
            try:
                if self._base_comes_up(base, names):
                    self._upgrade_to_target(base, names)
                    return PASSED
            finally:
                self.stage.discard(names[0])
        return Status.FAIL, self._no_base()

    def reattach(self) -> Judged:
        declared = self.order.settings.expected_na.reattach
        if declared:
            return Status.NA, declared
        app = self._target(self.kept)
        self.stage.up(app)
        self._probe(app)
        self._check_data(app)
        self.stage.down(app.stack)
        return PASSED

    def _base_comes_up(self, base: Base, names: tuple[str, str]) -> bool:
        try:
            if base.commit in self.missing:
                raise RecipeFault(self.missing[base.commit])
            app = self._app(base.tag, base.commit, names)
            self.stage.up(app)
            self._seed(app)
            # a base that loses its own data is not the new version's fault
            self._check_data(app)
        except RecipeFault as fault:
            self.broken.append(BrokenBase(tag=base.tag, reason=str(fault)))
            self.stage.log.say(f"broken-base {base.tag}: {fault}")
            return False
        return True

    def _upgrade_to_target(self, base: Base, names: tuple[str, str]) -> None:
        self.base = base.tag
        try:
            app = self._target(names)
            self.stage.up(app)
            self._probe(app)
            self._check_data(app)
        except RecipeFault as fault:
            raise RecipeFault(f"from {base.tag}: {fault.what}", do=fault.do) from fault

    def _assert_older(self, base: Base) -> None:
        # impossible by construction; a same-version upgrade would prove nothing
        if self.order.version is not None and not base.version < self.order.version:
            raise AssertionError(f"base {base.tag} is not older than {self.order.label}")
        if base.commit == self.order.commit:
            raise AssertionError(f"base {base.tag} is the very commit of {self.order.label}")

    def _no_base(self) -> str:
        tried = "; ".join(f"{broken.tag}: {broken.reason}" for broken in self.broken)
        return f"no base came up ({tried})"

    def _target(self, names: tuple[str, str]) -> App:
        return self._app(self.order.label, self.order.commit, names)

    def _app(self, version: str, commit: str, names: tuple[str, str]) -> App:
        return self.stage.app(version, names, self.checkout(commit), self.order.settings.env)

    def _probe(self, app: App) -> None:
        until_pass(self.order.settings.probes, self.stage.subject(app), self.stage.patience())

    def _seed(self, app: App) -> None:
        perform(self.order.settings.data.seed, self.stage.subject(app), self.stage.patience())

    def _check_data(self, app: App) -> None:
        until_pass(self.order.settings.data.check, self.stage.subject(app), self.stage.patience())
