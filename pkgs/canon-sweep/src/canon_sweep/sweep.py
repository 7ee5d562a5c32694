"""The sweep on one page: sync, decide, test, judge, keep, log; one recipe after another."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from canon_sweep.core import names
from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code, Decision, Facts, Note, Policy, decide, excepted
from canon_sweep.errors import Fault, HostFault, Interrupted, SyncFault, TimeFault, UsageFault
from canon_sweep.harness.trial import Ended
from canon_sweep.report.records import Entry, Ignored, Sync


class World(Protocol):
    """Everything that a sweep acts on."""

    def exception(self, recipe: str) -> str | None:
        """The written reason why a recipe takes no part, or None if it does."""
        ...

    def sync(self, recipe: str) -> None:
        """Bring the mirror to what upstream has."""
        ...

    def synced(self, recipe: str) -> Sync | None:
        """What the recipe's sync did, or None if there was none."""
        ...

    def facts(self, recipe: str) -> Facts:
        """What the decision rests on; the recipe is synced."""
        ...

    def losses(self, recipe: str, facts: Facts) -> tuple[Note, ...]:
        """A note if the canonical is not whole: a volume or secret of its record is gone."""
        ...

    def canonical(self, recipe: str) -> str:
        """The canonical's tag, empty if there is none that can be read."""
        ...

    def test(self, recipe: str, facts: Facts, decision: Decision) -> Ended:
        """Test the decision's target cold, and promote it if the gate says so."""
        ...

    def deploys(self) -> int:
        """How many deploys there were so far."""
        ...

    def say(self, recipe: str, text: str) -> None:
        """Add to the recipe's log."""
        ...

    def now(self) -> datetime:
        """The time of day."""
        ...


class Progress(Protocol):
    """Is told how the sweep goes on."""

    def begins(self, recipe: str) -> None:
        """A recipe's turn has come."""
        ...

    def ended(self, entry: Entry) -> None:
        """A recipe's line is final."""
        ...


Step = Callable[[str, World, Policy], Entry]
"""What is done for one recipe; any exception becomes the recipe's line."""


def each(
    recipes: Sequence[str],
    step: Step,
    world: World,
    policy: Policy,
    *,
    is_over: Callable[[], str | None],
    progress: Progress,
) -> tuple[Entry, ...]:
    """One line for each recipe, whatever happens to any of them.

    Once ``is_over`` gives a reason, no further recipe begins.
    """
    entries: list[Entry] = []
    stopped: str | None = None
    for recipe in recipes:
        stopped = stopped or is_over()
        if stopped:
            sentence = f"not reached: {stopped}"
            canonical = world.canonical(recipe)
            entry = Entry(
                recipe=recipe, code=Code.OUT_OF_TIME, sentence=sentence, canonical=canonical
            )
        else:
            progress.begins(recipe)
            entry, stopped = _guarded(recipe, step, world, policy)
        entries.append(entry)
        progress.ended(entry)
    return tuple(entries)


def sweep_one(recipe: str, world: World, policy: Policy) -> Entry:
    """The whole job for one recipe.

    Raises:
        Fault: it could not be decided; nothing of its canonical was changed.
    """
    entry, facts, decision = _decided(recipe, world, policy)
    if facts is None or decision.target is None:
        return entry
    try:
        ended = world.test(recipe, facts, decision)  # acts
    except HostFault as fault:
        ended = Ended(Outcome.INFRA, str(fault))
    return with_ended(entry, ended)


def plan_one(recipe: str, world: World, policy: Policy) -> Entry:
    """The same decision as `sweep_one`, and nothing after it.

    Raises:
        Fault: it could not be decided.
    """
    return _decided(recipe, world, policy)[0]


def _decided(recipe: str, world: World, policy: Policy) -> tuple[Entry, Facts | None, Decision]:
    reason = world.exception(recipe)
    if reason is not None:
        decision = excepted(reason)
        return entry_of(recipe, decision), None, decision
    check_name(recipe)
    world.sync(recipe)  # acts
    facts = world.facts(recipe)
    decision = decide(facts, policy, world.now())
    entry = with_facts(entry_of(recipe, decision), facts)
    notes = (*entry.notes, *world.losses(recipe, facts))
    return msgspec.structs.replace(entry, notes=notes), facts, decision


def check_name(recipe: str) -> None:
    """Refuse a recipe's name before it becomes the folder of its clone.

    Raises:
        SyncFault: it is no plain name.
    """
    problem = names.recipe_problem(recipe)
    if problem:
        raise SyncFault(problem, do="rename it in the configuration")


def entry_of(recipe: str, decision: Decision) -> Entry:
    """A recipe's line as far as it is decided."""
    return Entry(
        recipe=recipe,
        code=decision.code,
        sentence=decision.sentence,
        tag=decision.target.tag if decision.target else "",
        commit=decision.target.commit if decision.target else "",
        notes=decision.notes,
    )


def with_facts(entry: Entry, facts: Facts) -> Entry:
    """A line with what the decision rested on."""
    return msgspec.structs.replace(
        entry,
        canonical=facts.canonical.release_tag if facts.canonical else "",
        ignored_tags=tuple(Ignored(tag=x.tag, reason=x.reason) for x in facts.releases.ignored),
    )


def with_ended(entry: Entry, ended: Ended) -> Entry:
    """A line with how its test ended."""
    result = ended.result
    return msgspec.structs.replace(
        entry,
        outcome=ended.outcome,
        reason=ended.reason or f"{entry.tag} is the canonical now",
        canonical=ended.record.release_tag if ended.record else entry.canonical,
        canonical_writes=1 if ended.record else 0,
        base=result.base if result else None,
        broken_bases=result.broken_bases if result else (),
        tiers=result.tiers if result else (),
        refused=ended.refused,
        attempts=ended.attempts,
        flaky=ended.flaky,
        notes=(*entry.notes, *ended.notes),
    )


def failed_entry(recipe: str, fault: Exception) -> Entry:
    """The line of a recipe that could not be decided, or whose test broke off."""
    if isinstance(fault, SyncFault):
        return Entry(recipe=recipe, code=Code.SYNC_ERROR, sentence=str(fault))
    if isinstance(fault, TimeFault):
        return Entry(recipe=recipe, code=Code.OUT_OF_TIME, sentence=f"broken off: {fault}")
    if isinstance(fault, Fault):
        return Entry(recipe=recipe, code=Code.INTERNAL_ERROR, sentence=str(fault))
    kind = f"{type(fault).__name__}: {fault}".splitlines()[0]
    sentence = f"a bug in canon-sweep ({kind}); the recipe's log has the traceback"
    return Entry(recipe=recipe, code=Code.INTERNAL_ERROR, sentence=sentence)


def _guarded(recipe: str, step: Step, world: World, policy: Policy) -> tuple[Entry, str | None]:
    started, deploys, before = time.monotonic(), world.deploys(), world.canonical(recipe)
    stopped = None
    try:
        entry = step(recipe, world, policy)
    except Interrupted as signal:
        stopped = str(signal)
        entry = Entry(recipe=recipe, code=Code.OUT_OF_TIME, sentence=f"broken off: {stopped}")
    except UsageFault:
        raise  # the person who asked is still there
    except Exception as fault:  # the other recipes go on
        entry = failed_entry(recipe, fault)
        if not isinstance(fault, Fault):
            world.say(recipe, traceback.format_exc())
    world.say(recipe, f"{entry.verdict}: {entry.why}")
    after = world.canonical(recipe)
    done = msgspec.structs.replace(
        entry,
        canonical=after or entry.canonical,
        # also when it was broken off right after its promotion
        canonical_writes=entry.canonical_writes or int(after != before),
        sync=world.synced(recipe),
        seconds=round(time.monotonic() - started, 3),
        deploys=world.deploys() - deploys,
    )
    return done, stopped
