"""Our own harness: CI from nothing on an engine, tier by tier."""

from __future__ import annotations

from contextlib import suppress

import msgspec
from msgspec import structs
from msgspec.structs import replace

from canon_sweep.core.attempts import Took
from canon_sweep.core.base import Base, stepped_back, upgrade_na
from canon_sweep.core.canonical import KeptVolume
from canon_sweep.core.result import BrokenBase, CiResult, Retained, Tier
from canon_sweep.engine.protocol import App, Engine, Place
from canon_sweep.errors import GoneFault, RecipeFault, SyncFault
from canon_sweep.harness.order import Checkout, Order
from canon_sweep.harness.stage import Stage
from canon_sweep.harness.steps import Step, run_steps
from canon_sweep.settings.variant import Variant


def not_applicable(order: Order) -> dict[Tier, str]:
    """The tiers that do not apply to an order, each with the reason."""
    declared = order.settings.expected_na.reasons
    unchecked = "" if order.settings.checks else "the recipe declares no checks"
    reasons = {
        Tier.CUSTOM: declared.get(Tier.CUSTOM, unchecked),
        Tier.UPGRADE: upgrade_na(order.bases, declared.get(Tier.UPGRADE)) or "",
        Tier.REATTACH: declared.get(Tier.REATTACH, ""),
    }
    return {tier: reason for tier, reason in reasons.items() if reason}


def parts_of(app: App, engine: Engine) -> set[str]:
    """The volumes and secrets that a deployed app has, as `Engine.leftovers` has them.

    What its services mount is among them whether or not it is there: the engine made it.
    """
    compose = app.source.compose
    mounted = {
        compose.volumes[key]
        for service in compose.services.values()
        if service.replicas
        for key in service.mounts.values()
        if key in compose.volumes
    }
    there = engine.leftovers(app.stack)
    made = {part for part in there if part.startswith(("volume ", "secret "))}
    return made | {f"volume {name}" for name in mounted}


class Tiers(msgspec.Struct, frozen=True):
    """The harness of tiers: install, custom, upgrade, reattach."""

    stage: Stage
    checkout: Checkout

    def test(self, order: Order) -> CiResult:
        """As `Harness`: a green run leaves its stack undeployed, and written in the journal."""
        self.stage.begin_test()
        place = self.stage.free_place(order.domain, f"{order.seed}/keep")
        cold = not self.stage.engine.leftovers(place.stack)
        run = _ColdRun(order, self.stage, self.checkout, place)
        run.fetch()
        self.stage.begin(place.stack)
        green = False
        try:
            result = run.result(cold=cold)
            green = result.green
            return result
        finally:
            if not green:
                self.stage.discard(place.stack)

    def discard(self, result: CiResult) -> None:
        """As `Harness`."""
        if result.retained is not None:
            self.stage.discard(result.retained.stack)

    def took(self) -> Took | None:
        """As `Harness`."""
        return self.stage.scale.took

    def unsettled(self) -> tuple[str, ...]:
        """As `Harness`."""
        return tuple(self.stage.unsettled)


class _ColdRun(msgspec.Struct):
    order: Order
    stage: Stage
    checkout: Checkout
    place: Place
    base: str | None = None
    broken: list[BrokenBase] = msgspec.field(default_factory=list)
    missing: dict[str, str] = msgspec.field(default_factory=dict)
    shares: set[str] = msgspec.field(default_factory=set)
    own: set[str] = msgspec.field(default_factory=set)

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
        na = not_applicable(self.order)
        if self.order.bases.stepped_back:
            self.stage.log.say(f"stepped-back: {stepped_back(self.order.label, self.order.bases)}")
        steps = (
            Step(Tier.INSTALL, self.install),
            # the data goes in here, and the upgrade has the host to itself
            Step(Tier.CUSTOM, self.custom, after=self.seed_and_rest),
            Step(Tier.UPGRADE, self.upgrade),
            Step(Tier.REATTACH, self.reattach),
        )
        wanted = [replace(step, na=na.get(step.tier, "")) for step in steps]
        tiers = run_steps(self.stage.log, wanted, self.stage.check_room)
        result = CiResult(
            tag=self.order.tag,
            commit=self.order.commit,
            cold=cold and not self.shares,
            shares=tuple(sorted(self.shares)),
            tiers=tiers,
            base=self.base,
            broken_bases=tuple(self.broken),
            stepped_back=self.order.bases.stepped_back,
            images=self.stage.images.get(self.order.label, ()),
            base_images=self.stage.images.get(self.base or "", ()),
        )
        return structs.replace(result, retained=self.retained()) if result.green else result

    def retained(self) -> Retained:
        """What a promotion would keep, as it is now.

        Raises:
            HostFault: the engine cannot say what volumes there are.
        """
        engine = self.stage.engine
        volumes = engine.volumes(self.place.stack)
        self.stage.scale.weigh(self.place.stack, volumes)
        return Retained(
            engine=engine.name,
            node=engine.node(),
            stack=self.place.stack,
            domain=self.place.domain,
            volumes=tuple(KeptVolume(name=v.name, bytes=v.bytes) for v in volumes),
            secrets=engine.secrets(self.place.stack),
        )

    def install(self) -> None:
        """The version comes up where nothing was before."""
        app, order = self._target(self.place), self.order
        self.stage.before_all(app, tag=order.tag, commit=order.commit, version=order.version)
        self.stage.up(app)
        self.own = parts_of(app, self.stage.engine)
        self._probe(app)

    def custom(self) -> None:
        """The recipe's own checks."""
        self.stage.ask(self.order.settings.checks, self._target(self.place))

    def seed_and_rest(self) -> None:
        """Put data in, for `reattach` to find, and take the stack down."""
        app = self._target(self.place)
        self._seed(app)
        self._check_data(app)
        self._rest(app)
        self.stage.weigh(app.stack)

    def upgrade(self) -> None:
        """From the first base that comes up, on a stack of its own."""
        for base in self.order.bases.candidates:
            self._assert_older(base)
            place = self.stage.free_place(self.order.domain, f"{self.order.seed}/from {base.tag}")
            self.stage.begin(place.stack)
            try:
                if self._base_comes_up(base, place):
                    self._upgrade_to_target(base, place)
                    return
            finally:
                self.stage.discard(place.stack)
        tried = "; ".join(f"{broken.tag}: {broken.reason}" for broken in self.broken)
        raise RecipeFault(f"no base came up ({tried})")

    def reattach(self) -> None:
        """What will be kept is put up again on itself."""
        app = self._target(self.place)
        self.stage.up(app)
        self._probe(app)
        self._check_data(app)
        self._rest(app)

    def _rest(self, app: App) -> None:
        """Take the stack down, and see that it still has what a canonical is made of."""
        self.stage.down(app.stack)
        lost = self.own - set(self.stage.engine.leftovers(app.stack))
        if lost:
            raise RecipeFault(
                f"after it was taken down, {', '.join(sorted(lost))} is gone, or was replaced"
            )

    def _base_comes_up(self, base: Base, place: Place) -> bool:
        try:
            if base.commit in self.missing:
                raise RecipeFault(self.missing[base.commit])
            app = self._app(base.tag, base.commit, place, Variant(base.version, is_base=True))
            self.stage.before_all(app, tag=base.tag, commit=base.commit, version=base.version)
            self.stage.up(app)
            # what a probe says of the new version is nothing that an old one has to know
            self.stage.await_ports(self.order.settings.probes, app)
            self._seed(app)
            # a base that loses its own data is not the new version's fault
            self._check_data(app)
        except (RecipeFault, GoneFault) as fault:
            self.stage.check_room(fault)
            # an old release whose image is gone must not bar all that come after it
            self.broken.append(BrokenBase(tag=base.tag, reason=str(fault)))
            self.stage.log.say(f"broken-base {base.tag}: {fault}")
            return False
        return True

    def _upgrade_to_target(self, base: Base, place: Place) -> None:
        self.base = base.tag
        try:
            app = self._target(place, is_upgraded=True)
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

    def _target(self, place: Place, *, is_upgraded: bool = False) -> App:
        variant = Variant(self.order.version, is_upgraded=is_upgraded)
        return self._app(self.order.label, self.order.commit, place, variant)

    def _app(self, label: str, commit: str, place: Place, variant: Variant) -> App:
        app = self.stage.app(label, variant, place, self.checkout(commit), self.order.settings)
        self.shares.update(self.stage.carries(app))
        return app

    def _probe(self, app: App) -> None:
        self.stage.ask(self.order.settings.probes, app)

    def _seed(self, app: App) -> None:
        self.stage.do(self.order.settings.data.seed, app)

    def _check_data(self, app: App) -> None:
        self.stage.ask(self.order.settings.data.check, app)
