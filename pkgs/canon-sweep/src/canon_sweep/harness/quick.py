"""A test on the canonical's own data, which is put back afterwards.

The volumes are copied aside first.  From the moment that the copies are whole
and the journal says so, they are what the canonical is, until they are back in
their places; before it, the volumes are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from canon_sweep.core.canonical import Canonical
from canon_sweep.core.kept import Named
from canon_sweep.core.result import CiResult, Tier
from canon_sweep.core.shared import Shared, carries, shared_by
from canon_sweep.core.stray import COPY
from canon_sweep.core.version import ordered
from canon_sweep.engine.protocol import App, Engine, Place
from canon_sweep.errors import HostFault, RecipeFault, UsageFault
from canon_sweep.harness.discard import discard_added, discard_copies, named_as_far_as_read
from canon_sweep.harness.order import Checkout, Order
from canon_sweep.harness.steps import Step, run_steps
from canon_sweep.settings.variant import Variant
from canon_sweep.state.canonicals import Canonicals
from canon_sweep.state.journal import Journal, QuickRun

if TYPE_CHECKING:
    # a sweep that tests nothing asks here what a canonical has, and starts the sooner
    from canon_sweep.harness.stage import Stage


def run_quick(
    order: Order, canonical: Canonical, stage: Stage, checkout: Checkout, *, remedy: str
) -> CiResult:
    """Reattach the canonical, upgrade it to the version under test, put it back.

    The result is never cold, so nothing can be promoted from it.  ``remedy`` is what
    to do about a canonical that is not whole.

    Raises:
        HostFault: the host failed; the canonical is put back all the same, or by
            the next run.
        UsageFault: the canonical cannot be tested on here.
    """
    _assert_whole(canonical, stage.engine, remedy)
    run = _QuickRun(order, canonical, stage, checkout, remedy)
    run.assert_can_be_put_back()
    with _borrowed(canonical, stage):
        steps = [
            Step(Tier.REATTACH, run.reattach),
            Step(Tier.UPGRADE, run.upgrade, na=run.same_commit),
            Step(Tier.CUSTOM, run.custom),
        ]
        tiers = run_steps(stage.log, steps, stage.check_room)
    return CiResult(
        tag=order.tag,
        commit=order.commit,
        cold=False,
        tiers=tiers,
        wanted=tuple(step.tier for step in steps),
        base=canonical.release_tag,
        images=stage.images.get(order.label, ()),
        base_images=stage.images.get(canonical.release_tag, ()),
    )


def put_back(
    entry: QuickRun,
    *,
    engine: Engine,
    journal: Journal,
    canonicals: Canonicals,
    named: Callable[[], Named],
) -> None:
    """Make the canonical what it was before a quick run; done twice, it does the same.

    ``named`` gives what records name, of which nothing is removed.

    Raises:
        HostFault: the engine cannot be used; the journal still has the entry.
        StateFault: the same, for the state folder; or ``named`` does not know.
    """
    engine.undeploy(entry.stack)
    if entry.complete:
        for volume, snapshot in entry.snapshots.items():
            engine.clone_volume(snapshot, volume)
        discard_added(entry, named, engine)
        os.sync()
    # the snapshots go only after this is on disk: whatever happens between two
    # removals, half of them must not be taken for the whole
    journal.put(msgspec.structs.replace(entry, complete=False))
    discard_copies(entry, canonicals, engine)
    journal.drop(entry.stack)


@contextmanager
def _borrowed(canonical: Canonical, stage: Stage) -> Iterator[None]:
    entry = QuickRun(
        recipe=canonical.recipe,
        stack=canonical.stack,
        snapshots={v.name: f"{COPY}{v.name}" for v in canonical.volumes},
        secrets=canonical.secrets,
        engine=stage.engine.name,
    )
    stage.journal.put(entry)
    try:
        for volume, snapshot in entry.snapshots.items():
            stage.engine.clone_volume(volume, snapshot)
        os.sync()
        whole = msgspec.structs.replace(entry, complete=True)
        stage.journal.put(whole)
        # not before: if that fails, the volumes are still the canonical, untouched
        entry = whole
        yield
    finally:
        stage.down(canonical.stack)
        # with the copies that is as much as it was, and what the run has added to it
        stage.weigh(canonical.stack)
        put_back(
            entry,
            engine=stage.engine,
            journal=stage.journal,
            canonicals=stage.canonicals,
            named=partial(named_as_far_as_read, stage.canonicals),
        )
        stage.log.say(f"the canonical {canonical.release_tag} is put back")


def _assert_whole(canonical: Canonical, engine: Engine, remedy: str) -> None:
    """See that a canonical's volumes and secrets are all at hand.

    Raises:
        UsageFault: they are not, so nothing can be tested on them.
        HostFault: the engine cannot be asked.
    """
    what = f"the canonical {canonical.release_tag} of {canonical.recipe}"
    elsewhere = canonical.kept_elsewhere(engine.name)
    if elsewhere:
        raise UsageFault(f"{what} was not made by the {engine.name} engine", do="test it cold")
    if canonical.node and canonical.node != engine.node():
        raise UsageFault(
            f"the volumes of {what} are on the node {canonical.node}",
            do="ask the engine of that node",
        )
    if canonical.unkept:
        raise UsageFault(
            f"{what} has no data to test on: {canonical.retained_reason}",
            do="test it cold, without --quick; to have the data back, raise disk.budget, then:"
            f" canon-sweep run --retry {canonical.recipe}",
        )
    lost = lost_parts(canonical, engine)
    if lost:
        raise UsageFault(f"{what} lost {', '.join(lost)}", do=remedy)


def lost_parts(canonical: Canonical, engine: Engine) -> tuple[str, ...]:
    """The volumes and secrets that a record names and the engine does not have."""
    there = engine.leftovers(canonical.stack) if canonical.stack else ()
    return tuple(sorted(named_parts(canonical).difference(there)))


def named_parts(canonical: Canonical) -> frozenset[str]:
    """The volumes and secrets that a record names, in the words of `Engine.leftovers`."""
    volumes = (f"volume {volume.name}" for volume in canonical.volumes)
    return frozenset((*volumes, *(f"secret {secret}" for secret in canonical.secrets)))


class _QuickRun(msgspec.Struct):
    order: Order
    canonical: Canonical
    stage: Stage
    checkout: Checkout
    remedy: str

    @property
    def same_commit(self) -> str:
        """Why there is nothing to upgrade, or empty."""
        same = self.order.commit == self.canonical.commit
        return f"it is the canonical's own commit ({self.canonical.release_tag})" if same else ""

    def assert_can_be_put_back(self) -> None:
        """See that all that the run may change is in volumes that can be copied.

        Raises:
            UsageFault: something is not.
        """
        proven, tested = self._shared(self._proven), self._shared(self._tested)
        declared = self.order.settings.declared
        # nobody copies a volume that is kept elsewhere, whether or not its data matters
        lasting = {*proven.volumes, *carries(proven, declared), *carries(tested, declared)}
        if lasting:
            raise UsageFault(
                f"{', '.join(sorted(lasting))} of {self.canonical.recipe} cannot be copied aside"
                " and put back, so nothing is tested on it",
                do="test it cold",
            )

    def _shared(self, read: Callable[[], App]) -> Shared:
        try:
            app = read()
            return shared_by(app.source.compose, app.stack)
        except RecipeFault:
            return Shared()  # the tier says it, before anything of it is deployed

    def reattach(self) -> None:
        try:
            app = self._proven()
            self.stage.up(app)
            self._check_data(app)
        except RecipeFault as fault:
            # it was proven once: this is no fault of the version under test
            raise HostFault(
                f"the canonical {self.canonical.release_tag} itself is damaged: {fault.what}",
                do=self.remedy,
            ) from fault

    def upgrade(self) -> None:
        app = self._tested()
        self.stage.up(app)
        self._check_data(app)

    def custom(self) -> None:
        app = self._tested()
        self.stage.ask((*self.order.settings.probes, *self.order.settings.checks), app)

    def _check_data(self, app: App) -> None:
        self.stage.ask(self.order.settings.data.check, app)

    def _proven(self) -> App:
        """The canonical, as it was made."""
        tag = self.canonical.release_tag
        variant = Variant(ordered(self.order.settings.tag_rule, tag))
        return self._app(tag, self.canonical.commit, variant)

    def _tested(self) -> App:
        """The version under test, deployed over the canonical."""
        variant = Variant(self.order.version, is_upgraded=not self.same_commit)
        return self._app(self.order.label, self.order.commit, variant)

    def _app(self, label: str, commit: str, variant: Variant) -> App:
        place = Place(self.canonical.stack, self.canonical.domain)
        return self.stage.app(label, variant, place, self.checkout(commit), self.order.settings)
