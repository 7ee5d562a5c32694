"""What is known of a recipe before it is decided: releases, canonical, hold, attempts."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from canon_sweep.core import remake
from canon_sweep.core.budget import RECORD_ONLY
from canon_sweep.core.canonical import Canonical, Label
from canon_sweep.core.decision import Facts, Note
from canon_sweep.core.parts import TAG
from canon_sweep.core.pin import Known
from canon_sweep.core.release import Releases
from canon_sweep.core.version import Version
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault, StateFault
from canon_sweep.harness.shown import volumes_there
from canon_sweep.job.atwork import at_work
from canon_sweep.job.files import file_notes
from canon_sweep.job.foreign import followed_of, parts_now
from canon_sweep.job.needed import known_of, why_needed
from canon_sweep.job.present import Present
from canon_sweep.job.sources import Sources
from canon_sweep.mirror.refusal import Role
from canon_sweep.report.records import LOST
from canon_sweep.settings.recipe import Recipe, recipe_of
from canon_sweep.state.journal import unfinished
from canon_sweep.state.store import State


class Records(msgspec.Struct, frozen=True):
    """Reads the state folder, and asks the engine whether a canonical is whole."""

    state: State
    sources: Sources
    engine: Engine
    present: Present

    def in_force(self, recipe: Recipe, version: Version | None = None) -> Recipe:
        """The recipe without the overrides that have ended; it is synced.

        ``version`` is what is under test: without one, the latest release.

        Raises:
            StateFault: what shows whether a pin is needed cannot be read.
        """
        if not (recipe.written or recipe.overlays):
            return recipe  # as it was made: nothing of it can end, and no file is to be read anew
        latest = self.sources.releases(recipe).latest
        newest = version or (latest.version if latest else None)
        settings, name, day = self.sources.settings, recipe.name, recipe.day
        needed = why_needed(settings.recipe(name), day, newest, lambda: self.bases(recipe))
        return recipe_of(settings, name, day, newest, needed)

    def bases(self, recipe: Recipe) -> Known:
        """What is known of a recipe's bases; it is synced.

        Raises:
            StateFault: a record, or the folder of the runs, cannot be read.
        """
        name, releases = recipe.name, self.sources.releases(recipe)
        canonical = followed_of(self.state, name, releases)[0]
        return known_of(name, recipe.settings, self.state, canonical, releases)

    def facts(self, recipe: Recipe) -> Facts:
        """What the decision rests on; the recipe is synced.

        Raises:
            StateFault: a record cannot be read, or its folder is out of sight.
        """
        synced, releases = self.sources.synced(recipe), self.sources.releases(recipe)
        canonical, not_followed = followed_of(self.state, recipe.name, releases)
        if canonical is None:
            self.state.check_in_sight(recipe.name)
        return Facts(
            recipe=recipe.name,
            releases=releases,
            rule=recipe.rule,
            canonical=canonical,
            not_followed=not_followed,
            hold=self.state.holds.read().get(recipe.name),
            attempts=self.state.ledger.index().of(recipe.name),
            digest=recipe.digest,
            branch=synced.branch,
            branch_is_set=recipe.settings.branch is not None,
            head=synced.head,
        )

    def remarks(self, recipe: Recipe, facts: Facts) -> tuple[Note, ...]:
        """What is wrong with a recipe's canonical, history and files, and what is unfinished."""
        latest = facts.releases.latest
        return (
            *_given_up(facts),
            *_moved(self.sources.moved(recipe)),
            *self._losses(recipe, facts),
            *self._of_another_tool(recipe, facts),
            *history_notes(recipe.name, self.state),
            # a run has settled what can be, and tells the rest itself
            *(unfinished_notes(recipe.name, self.state) if self.sources.only_looks else ()),
            *(self.of_files(recipe, latest.commit, latest.version) if latest else ()),
        )

    def of_files(self, recipe: Recipe, commit: str, version: Version | None) -> tuple[Note, ...]:
        """What a commit's files say that no test shows.

        How an outside harness reads them, and what it asks, is its own.
        """
        is_ours = self.sources.settings.harness is None
        return file_notes(recipe, commit, version) if is_ours else ()

    def canonical(self, recipe: Recipe) -> Label:
        """What the canonical is called, empty if there is none that can be read."""
        try:
            record = self.state.current.read(recipe.name)
        except StateFault:
            return Label()
        return record.label if record else Label()

    def _of_another_tool(self, recipe: Recipe, facts: Facts) -> tuple[Note, ...]:
        """A note if its record is not followed, or for each part that is not of its release."""
        if facts.not_followed is not None:
            return (facts.not_followed,)
        followed, record = self.state.followed, facts.canonical
        if followed is None or record is None:
            return ()
        there = volumes_there(self.engine)
        parts = parts_now(followed.found(recipe.name), facts.releases, there)
        advice = self._advice(recipe, record, facts.releases)
        # of a tag that moved the decision tells
        wrong = (part for part in parts if part.is_wrong and part.name != TAG)
        return tuple(Note(code=LOST, text=f"{part.line}; {advice}") for part in wrong)

    def _losses(self, recipe: Recipe, facts: Facts) -> tuple[Note, ...]:
        """A note if the canonical is not whole: a volume or secret of its record is gone."""
        record = facts.canonical
        if record is None or not record.kept_by(self.engine.name):
            return ()
        try:
            lost = self.present.lost(record)
        except HostFault:
            return ()  # an engine that cannot be reached has lost nothing yet
        if not lost:
            return ()
        advice = self._advice(recipe, record, facts.releases)
        return tuple(Note(code=LOST, text=f"{part} is gone; {advice}") for part in lost)

    def _advice(self, recipe: Recipe, record: Canonical, releases: Releases) -> str:
        enrolled = recipe.settings.enroll
        return remake.advice(record, releases, recipe.rule, enrolled=enrolled)


def _given_up(facts: Facts) -> tuple[Note, ...]:
    """A note if the canonical is without its data: as long as it is, and whoever reads it."""
    lost = facts.canonical.data_lost if facts.canonical else ""
    return (Note(code=RECORD_ONLY, text=f"its data is not kept: {lost}"),) if lost else ()


def _moved(moved: Mapping[Role, str]) -> tuple[Note, ...]:
    """A note for each of the two remotes that was found at another place than its URL's."""
    return tuple(
        Note(code="moved", text=f"the {role} has moved, and is followed: set its URL to {url}")
        for role, url in moved.items()
    )


def history_notes(recipe: str, state: State) -> tuple[Note, ...]:
    """A note for each line of a recipe's history that cannot be read."""
    return tuple(Note(code="history", text=text) for text in state.current.history_problems(recipe))


def unfinished_notes(recipe: str, state: State) -> tuple[Note, ...]:
    """A note for each entry that the journal has of a recipe.

    Raises:
        StateFault: the journal cannot be read.
    """
    own = [entry for entry in state.journal.entries() if entry.recipe == recipe]
    if own and (running := at_work(state)):
        return (Note(code="unfinished", text=running),)
    return tuple(Note(code="unfinished", text=unfinished(entry)) for entry in own)
