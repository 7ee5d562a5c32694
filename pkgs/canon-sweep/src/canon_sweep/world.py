"""The real world of a sweep: remotes, an engine, and the state folder."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from canon_sweep import __version__
from canon_sweep.core.base import bases
from canon_sweep.core.decision import Decision, Facts, Note
from canon_sweep.core.release import Release, Releases, releases
from canon_sweep.core.version import Version
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault, StateFault, UsageFault
from canon_sweep.harness.order import Checkout, Order
from canon_sweep.harness.quick import lost_parts
from canon_sweep.harness.recover import recover
from canon_sweep.harness.stage import Limits, Stage
from canon_sweep.harness.trial import Court, Ended, Patience, hold_trial
from canon_sweep.mirror import checkout as trees
from canon_sweep.mirror import sync as mirrors
from canon_sweep.mirror.sync import Deleted, PartialSyncFault, Synced
from canon_sweep.report.records import LOST, Sync
from canon_sweep.settings.digest import digest
from canon_sweep.settings.records import RecipeSettings, Settings
from canon_sweep.state.runs import Log
from canon_sweep.state.store import State

# raised when a change of the harness may turn a red release green
HARNESS = "1"

Reader = Callable[..., Synced]


@dataclass(slots=True)
class RealWorld:
    """Acts on real remotes and a real engine.

    With ``mirrors.look`` as its ``reader`` it changes no mirror; a run has
    ``mirrors.sync``.  ``blocked`` says why nothing may be deployed, if so.
    """

    settings: Settings
    state: State
    engine: Engine
    run_id: str
    log_of: Callable[[str], Log]
    clock: Callable[[], datetime]
    reader: Reader
    blocked: str | None = None
    problems: tuple[str, ...] = ()
    recovered: int = 0
    time_left: Callable[[], float] = lambda: float("inf")
    _synced: dict[str, Synced] = field(default_factory=dict)
    _deploys: int = 0

    def exception(self, recipe: str) -> str | None:
        """As `sweep.World`."""
        settings = self.settings.recipes[recipe]
        return None if settings.enroll else settings.exception

    def sync(self, recipe: str) -> None:
        """As `sweep.World`."""
        try:
            synced = self._read(recipe, self.reader)
        except PartialSyncFault as fault:
            self._synced[recipe] = fault.taken  # pushed is pushed, also if not everything was
            raise
        self._synced[recipe] = synced
        if self.only_looks:
            return
        for ref in synced.pushed:
            self.say(recipe, f"pushed {ref}")

    @property
    def only_looks(self) -> bool:
        """Whether mirrors are left as they are."""
        return self.reader is mirrors.look

    def synced(self, recipe: str) -> Sync | None:
        """As `sweep.World`."""
        synced = self._synced.get(recipe)
        if synced is None:
            return None
        deleted = {entry.tag: entry.object_id for entry in synced.deleted}
        if self.only_looks:
            differs = (*synced.pushed, *(f"refs/tags/{tag}" for tag in deleted))
            return Sync(main=synced.main, fetched=synced.fetched, differs=differs)
        return Sync(main=synced.main, fetched=synced.fetched, pushed=synced.pushed, deleted=deleted)

    def facts(self, recipe: str) -> Facts:
        """As `sweep.World`."""
        settings = self.settings.recipes[recipe]
        return Facts(
            recipe=recipe,
            releases=self.releases(recipe, self._synced[recipe]),
            rule=settings.tag_rule,
            canonical=self.state.canonicals.read(recipe),
            hold=self.state.holds.read().get(recipe),
            attempts=self.state.ledger.read(),
            digest=self.digest(recipe),
        )

    def losses(self, recipe: str, facts: Facts) -> tuple[Note, ...]:
        """As `sweep.World`."""
        record = facts.canonical
        if record is None or record.engine != self.engine.name:
            return ()
        try:
            lost = lost_parts(record, self.engine)
        except HostFault:
            return ()  # an engine that cannot be reached has lost nothing yet
        advice = f"make the canonical anew: canon-sweep test {recipe}"
        return tuple(Note(code=LOST, text=f"{part} is gone; {advice}") for part in lost)

    def canonical(self, recipe: str) -> str:
        """As `sweep.World`."""
        try:
            record = self.state.canonicals.read(recipe)
        except StateFault:
            return ""
        return record.release_tag if record else ""

    def test(self, recipe: str, facts: Facts, decision: Decision) -> Ended:
        """As `sweep.World`."""
        assert decision.target is not None
        order = self.order_of(recipe, facts, decision.target)
        # the trigger makes it impossible: a sweep's target is newer than the canonical
        assert not order.bases.stepped_back, f"same-version upgrade of {recipe}"
        return self.trial(order, facts)

    def trial(self, order: Order, facts: Facts) -> Ended:
        """Test an order cold, with everything that a promotion needs at hand.

        Raises:
            HostFault: what an earlier run left could not be cleaned up.
        """
        with self.stage(order.recipe) as (stage, checkout):
            court = Court(
                stage=stage,
                checkout=checkout,
                canonicals=self.state.canonicals,
                ledger=self.state.ledger,
                releases_now=lambda: self._releases_now(order.recipe),
                now=self.clock,
                run_id=self.run_id,
                digest=facts.digest,
                rule=facts.rule,
                enrolled=order.settings.enroll,
            )
            ended = hold_trial(order, court, facts.canonical, self._patience(order.settings))
        return _with_advice(ended, order)

    @contextmanager
    def stage(self, recipe: str) -> Iterator[tuple[Stage, Checkout]]:
        """A place to deploy a recipe's versions, with folders that go afterwards."""
        if self.blocked:
            raise HostFault(self.blocked)
        settings = self.settings.recipes[recipe]
        limits = Limits.of(self.settings, settings)
        stage = Stage(
            recipe,
            self.engine,
            self.state.journal,
            self.state.canonicals,
            self.log_of(recipe),
            limits,
            self.time_left,
        )
        with self.checkouts(recipe) as checkout:
            try:
                yield stage, checkout
            finally:
                self._deploys += stage.deploys
                if stage.pending:
                    self.blocked = f"nothing is tested before {stage.pending[0]}"

    @contextmanager
    def checkouts(self, recipe: str) -> Iterator[Checkout]:
        """Folders with the files of a recipe's commits, which go afterwards."""
        # not in the cache, which anybody may delete at any time
        folder = self.state.folder / "checkouts" / recipe
        shutil.rmtree(folder, ignore_errors=True)
        try:
            yield lambda commit: self._checkout(recipe, commit, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def commit_of(self, recipe: str, ref: str) -> str:
        """The commit of a branch, a tag, ``pull/N/head`` or a commit id; the recipe is synced.

        Raises:
            UsageFault: neither the mirror nor upstream has it.
            SyncFault: a remote cannot be read.
        """
        synced, settings = self._synced[recipe], self.settings.recipes[recipe]
        known = {tag.name: tag.commit for tag in synced.tags} | {"main": synced.main}
        if known.get(ref):
            return str(known[ref])
        for remote in (settings.mirror, settings.upstream):
            try:
                return mirrors.fetch_ref(
                    remote,
                    self.clone(recipe),
                    ref,
                    credentials=self.settings.credentials,
                    timeout=float(self.settings.sync_timeout),
                )
            except UsageFault:
                continue
        return trees.resolve(self.clone(recipe), ref)

    def order(
        self, recipe: str, facts: Facts, *, tag: str, commit: str, version: Version | None
    ) -> Order:
        """The order to test a release, or with an empty tag a commit."""
        settings = self.settings.recipes[recipe]
        return Order(
            recipe=recipe,
            settings=settings,
            tag=tag,
            commit=commit,
            version=version,
            bases=bases(
                version,
                facts.canonical,
                facts.releases,
                facts.rule,
                depth=self.settings.base_depth,
                pin=settings.upgrade_base,
                commit=commit,
            ),
            domain=self.settings.domain,
            seed=f"{self.run_id}/{recipe}",
        )

    def order_of(self, recipe: str, facts: Facts, release: Release) -> Order:
        """The order to test a release."""
        return self.order(
            recipe, facts, tag=release.tag, commit=release.commit, version=release.version
        )

    def recover(self, say: Callable[[str], None]) -> None:
        """Clean up after a run that did not end by itself; until that is done, test nothing.

        Raises:
            StateFault: the journal cannot be read.
        """
        before = len(self.state.journal.entries())
        problems = recover(self.state.journal, self.state.canonicals, self.engine, say)
        self.recovered += before - len(self.state.journal.entries())
        self.blocked = (
            f"nothing is tested before this is cleaned up: {problems[0]}" if problems else None
        )
        self.problems = (*problems, *self.state.ledger.problems())

    def releases(self, recipe: str, synced: Synced) -> Releases:
        """The releases among a recipe's tags."""
        return releases(synced.tags, self.settings.recipes[recipe].tag_rule)

    def clone(self, recipe: str) -> Path:
        """Where a recipe's clone is cached."""
        return self.settings.cache_dir / "recipes" / f"{recipe}.git"

    def digest(self, recipe: str) -> str:
        """The fingerprint of all that decides a test besides the commit."""
        return digest(self.settings, self.settings.recipes[recipe], __version__, HARNESS)

    def deploys(self) -> int:
        """As `sweep.World`."""
        return self._deploys

    def say(self, recipe: str, text: str) -> None:
        """As `sweep.World`."""
        self.log_of(recipe).say(text)

    def now(self) -> datetime:
        """As `sweep.World`."""
        return self.clock()

    def _read(self, recipe: str, reader: Reader) -> Synced:
        settings = self.settings.recipes[recipe]
        if reader is mirrors.sync:
            reader = partial(mirrors.sync, deleting=lambda gone: self._deleting(recipe, gone))
        return reader(
            settings.upstream,
            settings.mirror,
            self.clone(recipe),
            credentials=self.settings.credentials,
            timeout=float(self.settings.sync_timeout),
            branch=settings.branch,
        )

    def _deleting(self, recipe: str, gone: Deleted) -> None:
        self.say(recipe, f"delete tag {gone.tag} of the mirror, it is {gone.object_id}")

    def _releases_now(self, recipe: str) -> Releases:
        """The releases as upstream has them at this moment; the mirror is not asked."""
        synced = self._synced[recipe]
        now = mirrors.advertised(
            self.settings.recipes[recipe].upstream,
            self.clone(recipe),
            credentials=self.settings.credentials,
            timeout=float(self.settings.sync_timeout),
            branch=self.settings.recipes[recipe].branch,
        )
        tags = {tag.name: tag.object_id for tag in synced.tags if not tag.problem}
        if (now.main, now.tags) == (synced.main, tags):
            return self.releases(recipe, synced)
        return self.releases(recipe, self._read(recipe, mirrors.look))

    def _checkout(self, recipe: str, commit: str, folder: Path) -> Path:
        target = folder / commit
        trees.checkout(self.clone(recipe), commit, target)
        return target

    def _patience(self, recipe: RecipeSettings) -> Patience:
        own = recipe.retries
        return Patience(
            retries=self.settings.retries if own is None else own,
            infra_retries=self.settings.infra_retries,
            may_go_on=lambda: self.time_left() > 0,
        )


def countdown(seconds: float) -> Callable[[], float]:
    """How many of the seconds from now are left, whenever it is asked; below 0 later."""
    deadline = time.monotonic() + seconds
    return lambda: deadline - time.monotonic()


def _with_advice(ended: Ended, order: Order) -> Ended:
    notes = list(ended.notes)
    if order.bases.pin_problem:
        notes.append(Note(code="pin-ignored", text=order.bases.pin_problem))
    if not order.settings.data.check and ended.record and ended.record.volumes:
        text = "no data.check is declared: nothing shows that an upgrade keeps the data"
        notes.append(Note(code="no-data-check", text=text))
    return replace(ended, notes=tuple(notes))
