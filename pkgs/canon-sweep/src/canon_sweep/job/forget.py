"""``forget``: take a canonical back, because a person said why."""

from __future__ import annotations

import msgspec

from canon_sweep.core import names
from canon_sweep.errors import EXIT_DONE, EXIT_WRONG, UsageFault
from canon_sweep.harness.discard import check_all_read, discard
from canon_sweep.job.finish import opened
from canon_sweep.job.sources import Mirrors
from canon_sweep.job.wiring import Parts, Surroundings
from canon_sweep.settings.records import Settings
from canon_sweep.state.followed import Followed
from canon_sweep.state.journal import Deployment


class Forgetting(msgspec.Struct, frozen=True, kw_only=True):
    """The canonical that was taken back; ``left`` is what could not be removed yet.

    ``problems`` is what is wrong with the state folder besides.
    """

    recipe: str
    canonical: str
    reason: str
    left: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if nothing is left, and nothing else is wrong."""
        return EXIT_WRONG if self.left or self.problems else EXIT_DONE


def run_forget(settings: Settings, recipe: str, reason: str, around: Surroundings) -> Forgetting:
    """Move a recipe's record to its history and discard its volumes and secrets.

    Of one whose record is gone it is only noted that it is; `prune` removes what it kept.  One
    that a harness keeps by itself stays where it is, and is followed no longer.

    The recipe need not be in the configuration any more.

    Raises:
        UsageFault: it is no recipe's name, it has no canonical, or one that another
            engine keeps.
        DeferredFault: a run is at work.
        StateFault: the record cannot be read.
    """
    problem = names.recipe_problem(recipe)
    if problem:
        raise UsageFault(problem, do="see: canon-sweep status")
    with opened(settings, around, Mirrors.LEFT) as (parts, _run):
        if parts.state.followed is not None:
            return _followed_no_longer(recipe, reason, parts, parts.state.followed)
        record = parts.state.canonicals.read(recipe)
        if record is None:
            return _given_up(recipe, reason, parts)
        if record.stack and not record.kept_by(parts.engine.name):
            raise UsageFault(
                f"the canonical of {recipe} cannot be taken back:"
                f" {record.kept_elsewhere(parts.engine.name)}",
                do="run it once with that engine configured",
            )
        _take_back(recipe, record.stack, reason, parts)
        return Forgetting(
            recipe=recipe,
            canonical=record.release_tag,
            reason=reason,
            left=parts.ground.left(),
            problems=parts.ground.problems,
        )


def _given_up(recipe: str, reason: str, parts: Parts) -> Forgetting:
    """Only noted: what it has kept is named by nothing any more, and `prune` finds it."""
    state = parts.state
    for whose, record in state.lost_records():
        if record.recipe == recipe:
            whose.give_up(record, reason, parts.world.now())
            return Forgetting(recipe=recipe, canonical=record.release_tag, reason=reason)
    raise UsageFault(f"{recipe} has no canonical", do="see: canon-sweep status")


def _followed_no_longer(recipe: str, reason: str, parts: Parts, followed: Followed) -> Forgetting:
    """What a harness keeps stays where it is, and nothing is decided by it any more."""
    record = followed.forget(recipe, reason, parts.world.now())
    if record is None:
        return _given_up(recipe, reason, parts)
    return Forgetting(recipe=recipe, canonical=record.release_tag, reason=reason)


def _take_back(recipe: str, stack: str, reason: str, parts: Parts) -> None:
    state = parts.state
    if stack:
        check_all_read(state.canonicals)
        # a kill before the record is gone keeps the stack, one after it removes the rest
        state.journal.put(Deployment(recipe=recipe, stack=stack, engine=parts.engine.name))
    state.canonicals.forget(recipe, reason, parts.world.now())
    if stack:
        discard(
            recipe, stack, engine=parts.engine, journal=state.journal, canonicals=state.canonicals
        )
