"""Everything that a decision rests on, for a person who asks why."""

from __future__ import annotations

import sys
from datetime import timedelta

import msgspec

from canon_sweep.core.attempts import Attempt
from canon_sweep.core.decision import Code, Decision, Note, Policy, decide, excepted
from canon_sweep.job.finish import check_state
from canon_sweep.job.orders import order_of_release
from canon_sweep.job.records import history_notes, unfinished_notes
from canon_sweep.job.wiring import Parts, Surroundings, parts_to_look
from canon_sweep.report.records import Ignored
from canon_sweep.settings.recipe import Recipe, recipe_of
from canon_sweep.settings.records import Settings
from canon_sweep.state.layout import check_layout
from canon_sweep.state.owner import check_owner
from canon_sweep.state.store import State
from canon_sweep.sweep import check_name


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe's decision and its facts.

    ``adopted`` is a canonical that another tool has made and no run of ours has proven;
    ``differs`` has the refs that a sync would change on the mirror now, ``merged`` the pull
    requests that it would close, with the reason; ``bases`` what an upgrade to the latest
    release would start from, in order.  Without ``main`` no remote was read, and nobody knows
    releases, bases and ignored tags.
    """

    recipe: str
    code: Code
    sentence: str
    upstream: str
    mirror: str
    main: str = ""
    differs: tuple[str, ...] = ()
    merged: dict[int, str] = {}
    canonical: str = ""
    adopted: bool = False
    releases: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    ignored_tags: tuple[Ignored, ...] = ()
    notes: tuple[Note, ...] = ()
    attempts: tuple[Attempt, ...] = ()


def explain(settings: Settings, name: str, around: Surroundings) -> Explanation:
    """Decide on one recipe as a sweep would now, and keep the facts.

    Raises:
        UsageFault: there is no such recipe, or the state is somebody else's.
        SyncFault: a remote cannot be read.
        StateFault: a record cannot be read.
    """
    recipe = recipe_of(settings, name, around.clock().date())
    check_name(name)
    if recipe.stays_out:
        return _excepted(recipe, settings)
    check_state(settings)
    parts = parts_to_look(settings, around)
    parts.sources.sync(recipe)
    told = parts.sources.settle(recipe)
    recipe = parts.records.in_force(recipe)
    found = _explained(recipe, parts) if recipe.settings.enroll else _excepted(recipe, settings)
    return msgspec.structs.replace(found, notes=(*found.notes, *told))


def _decided(recipe: Recipe, decision: Decision) -> Explanation:
    return Explanation(
        recipe=recipe.name,
        code=decision.code,
        sentence=decision.sentence,
        upstream=recipe.settings.upstream,
        mirror=recipe.settings.mirror,
    )


def _excepted(recipe: Recipe, settings: Settings) -> Explanation:
    """What the state folder knows; a sweep deploys nothing of such a recipe either."""
    check_owner([settings.state_dir], sys.argv, only_reads=True)
    check_layout(settings)
    state = State.of(settings)
    why = recipe.settings.excepted
    assert why is not None
    decision = excepted(why.sentence)
    record = state.current.read(recipe.name)
    return msgspec.structs.replace(
        _decided(recipe, decision),
        canonical=record.release_tag if record else "",
        adopted=record is not None and record.is_adopted,
        notes=(
            *recipe.notes,
            *history_notes(recipe.name, state),
            *unfinished_notes(recipe.name, state),
        ),
        attempts=state.ledger.index().of(recipe.name),
    )


def _explained(recipe: Recipe, parts: Parts) -> Explanation:
    facts, sync = parts.records.facts(recipe), parts.sources.done(recipe)
    assert sync is not None
    settings = parts.settings
    decision = decide(facts, Policy(timedelta(seconds=settings.retry_red_after)), parts.world.now())
    latest = facts.releases.latest
    order = order_of_release(recipe, facts, settings, "", latest) if latest else None
    return msgspec.structs.replace(
        _decided(recipe, decision),
        main=sync.main,
        differs=sync.differs,
        merged=sync.merged,
        canonical=facts.canonical.release_tag if facts.canonical else "",
        adopted=facts.canonical is not None and facts.canonical.is_adopted,
        releases=tuple(release.tag for release in facts.releases.known),
        bases=tuple(base.tag for base in order.bases.candidates) if order else (),
        ignored_tags=tuple(Ignored(tag=x.tag, reason=x.reason) for x in facts.releases.ignored),
        notes=(
            *decision.notes,
            *recipe.notes,
            *parts.records.remarks(recipe, facts),
            *(parts.trials.outlook(recipe) if decision.target else ()),
        ),
        attempts=tuple(facts.attempts),
    )
