"""Everything that a decision rests on, for a person who asks why."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from canon_sweep.core.attempts import Attempt
from canon_sweep.core.decision import Code, Note, Policy, decide, excepted
from canon_sweep.report.records import Ignored
from canon_sweep.run import looking
from canon_sweep.settings.records import RecipeSettings, Settings
from canon_sweep.sweep import check_name
from canon_sweep.world import RealWorld


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe's decision and its facts.

    ``differs`` has the refs that a sync would change on the mirror now; ``bases``
    what an upgrade to the latest release would start from, in order.
    """

    recipe: str
    code: Code
    sentence: str
    upstream: str
    mirror: str
    main: str = ""
    differs: tuple[str, ...] = ()
    canonical: str = ""
    releases: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    ignored_tags: tuple[Ignored, ...] = ()
    notes: tuple[Note, ...] = ()
    attempts: tuple[Attempt, ...] = ()


def explain(settings: Settings, recipe: str, now: datetime) -> Explanation:
    """Decide on one recipe as a sweep would now, and keep the facts.

    Raises:
        UsageFault: there is no such recipe.
        SyncFault: a remote cannot be read.
        StateFault: a record cannot be read.
    """
    own = settings.recipe(recipe)
    check_name(recipe)
    if not own.enroll:
        decision = excepted(own.exception)
        return Explanation(
            recipe=recipe,
            code=decision.code,
            sentence=decision.sentence,
            upstream=own.upstream,
            mirror=own.mirror,
        )
    world = looking(settings, lambda: now)
    world.sync(recipe)
    return _explained(recipe, own, world, now)


def _explained(recipe: str, own: RecipeSettings, world: RealWorld, now: datetime) -> Explanation:
    facts, sync = world.facts(recipe), world.synced(recipe)
    assert sync is not None
    policy = Policy(timedelta(seconds=world.settings.retry_red_after))
    decision = decide(facts, policy, now)
    latest = facts.releases.latest
    order = world.order_of(recipe, facts, latest) if latest else None
    return Explanation(
        recipe=recipe,
        code=decision.code,
        sentence=decision.sentence,
        upstream=own.upstream,
        mirror=own.mirror,
        main=sync.main,
        differs=sync.differs,
        canonical=facts.canonical.release_tag if facts.canonical else "",
        releases=tuple(release.tag for release in facts.releases.known),
        bases=tuple(base.tag for base in order.bases.candidates) if order else (),
        ignored_tags=tuple(Ignored(tag=x.tag, reason=x.reason) for x in facts.releases.ignored),
        notes=decision.notes,
        attempts=tuple(a for a in facts.attempts if a.key.recipe == recipe),
    )
