"""What is known of a recipe before it is decided: releases, canonical, hold, attempts."""

from __future__ import annotations

from dataclasses import dataclass

from canon_sweep.core import remake
from canon_sweep.core.budget import RECORD_ONLY
from canon_sweep.core.decision import Facts, Note
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault, StateFault
from canon_sweep.harness.quick import lost_parts
from canon_sweep.job.files import file_notes
from canon_sweep.job.sources import Sources
from canon_sweep.report.records import LOST
from canon_sweep.settings.recipe import Recipe
from canon_sweep.state.journal import unfinished
from canon_sweep.state.store import State


@dataclass(frozen=True, slots=True)
class Records:
    """Reads the state folder, and asks the engine whether a canonical is whole."""

    state: State
    sources: Sources
    engine: Engine

    def facts(self, recipe: Recipe) -> Facts:
        """What the decision rests on; the recipe is synced.

        Raises:
            StateFault: a record cannot be read, or its folder is out of sight.
        """
        synced = self.sources.synced(recipe)
        return Facts(
            recipe=recipe.name,
            releases=self.sources.releases(recipe),
            rule=recipe.rule,
            canonical=self.state.canonical(recipe.name),
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
            *self._losses(recipe, facts),
            *history_notes(recipe.name, self.state),
            # a run has settled what can be, and tells the rest itself
            *(unfinished_notes(recipe.name, self.state) if self.sources.only_looks else ()),
            *(file_notes(recipe, latest.commit) if latest else ()),
        )

    def canonical(self, recipe: Recipe) -> str:
        """The canonical's tag, empty if there is none that can be read."""
        try:
            record = self.state.canonicals.read(recipe.name)
        except StateFault:
            return ""
        return record.release_tag if record else ""

    def _losses(self, recipe: Recipe, facts: Facts) -> tuple[Note, ...]:
        """A note if the canonical is not whole: a volume or secret of its record is gone."""
        record = facts.canonical
        if record is None or not record.kept_by(self.engine.name):
            return ()
        try:
            lost = lost_parts(record, self.engine)
        except HostFault:
            return ()  # an engine that cannot be reached has lost nothing yet
        enrolled = recipe.settings.enroll
        advice = remake.advice(record, facts.releases, facts.rule, enrolled=enrolled)
        return tuple(Note(code=LOST, text=f"{part} is gone; {advice}") for part in lost)


def _given_up(facts: Facts) -> tuple[Note, ...]:
    """A note if the canonical is without its data: as long as it is, and whoever reads it."""
    lost = facts.canonical.data_lost if facts.canonical else ""
    return (Note(code=RECORD_ONLY, text=f"its data is not kept: {lost}"),) if lost else ()


def history_notes(recipe: str, state: State) -> tuple[Note, ...]:
    """A note for each line of a recipe's history that cannot be read."""
    return tuple(
        Note(code="history", text=text) for text in state.canonicals.history_problems(recipe)
    )


def unfinished_notes(recipe: str, state: State) -> tuple[Note, ...]:
    """A note for each entry that the journal has of a recipe.

    Raises:
        StateFault: the journal cannot be read.
    """
    return tuple(
        Note(code="unfinished", text=unfinished(entry))
        for entry in state.journal.entries()
        if entry.recipe == recipe
    )
