"""What is known of a recipe before it is decided: releases, canonical, hold, attempts."""

from __future__ import annotations

from dataclasses import dataclass

from canon_sweep.core.decision import Facts, Note
from canon_sweep.engine.protocol import Engine
from canon_sweep.errors import HostFault, StateFault
from canon_sweep.harness.quick import lost_parts
from canon_sweep.job.sources import Sources
from canon_sweep.job.unprobed import unprobed
from canon_sweep.report.records import LOST
from canon_sweep.settings.recipe import Recipe
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
            StateFault: a record cannot be read.
        """
        synced = self.sources.synced(recipe)
        return Facts(
            recipe=recipe.name,
            releases=self.sources.releases(recipe),
            rule=recipe.rule,
            canonical=self.state.canonicals.read(recipe.name),
            hold=self.state.holds.read().get(recipe.name),
            attempts=self.state.ledger.index().of(recipe.name),
            digest=recipe.digest,
            branch=synced.branch,
            head=synced.head,
        )

    def remarks(self, recipe: Recipe, facts: Facts) -> tuple[Note, ...]:
        """What is wrong with a recipe's canonical, history and probes, a note each."""
        problems = self.state.canonicals.history_problems(recipe.name)
        history = (Note(code="history", text=text) for text in problems)
        return (*self._losses(recipe, facts), *history, *unprobed(recipe, facts))

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
        advice = f"make the canonical anew: canon-sweep test {recipe.name}"
        return tuple(Note(code=LOST, text=f"{part} is gone; {advice}") for part in lost)
