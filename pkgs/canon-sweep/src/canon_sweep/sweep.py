"""The sweep on one page: sync, decide, test, judge, keep, log; one recipe after another."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence

import msgspec

from canon_sweep import interrupt
from canon_sweep.core import names
from canon_sweep.core.attempts import Outcome
from canon_sweep.core.canonical import Label
from canon_sweep.core.decision import Code, Decision, Facts, Policy, decide, excepted
from canon_sweep.core.stop import Stop
from canon_sweep.errors import (
    Fault,
    HostFault,
    Interrupted,
    SyncFault,
    TimeFault,
    UsageFault,
)
from canon_sweep.harness.tested import Tested
from canon_sweep.line import broken_off, entry_of, with_facts, with_tested
from canon_sweep.report.records import Entry
from canon_sweep.settings.recipe import Recipe
from canon_sweep.world import Progress, World

_Decided = tuple[Recipe, Entry, Facts | None, Decision]  # the recipe as its releases let it be
Step = Callable[[Recipe, World, Policy], Entry]
"""What is done for one recipe; any exception becomes the recipe's line."""


def each(
    recipes: Sequence[Recipe],
    step: Step,
    world: World,
    policy: Policy,
    *,
    is_over: Callable[[Recipe], Stop | None],
    progress: Progress,
    unreached: Callable[[Recipe, Stop], Entry] | None = None,
) -> tuple[Entry, ...]:
    """One line for each recipe, whatever happens to any of them.

    No recipe begins of which ``is_over`` says that it is not reached any more: that is its
    line, unless ``unreached`` makes another.
    """
    entries: list[Entry] = []
    for recipe in recipes:
        stop = is_over(recipe)
        if stop and unreached is not None:
            entry = unreached(recipe, stop)
        elif stop:
            entry = Entry(recipe=recipe.name, code=stop.code, sentence=stop.sentence)
            entry = _labelled(entry, _canonical(recipe, world))
        else:
            progress.begins(recipe.name)
            entry = _guarded(recipe, step, world, policy)
        entries.append(entry)
        progress.ended(entry)
    return tuple(sorted(entries, key=lambda entry: entry.recipe))


def sweep_one(recipe: Recipe, world: World, policy: Policy) -> Entry:
    """The whole job for one recipe.

    Raises:
        Fault: it could not be decided; nothing of its canonical was changed.
    """
    recipe, entry, facts, decision = _decided(recipe, world, policy)
    if facts is None or decision.target is None:
        return entry
    stop = world.trials.hindrance(recipe, facts)
    if stop is not None:
        return msgspec.structs.replace(entry, code=stop.code, sentence=stop.sentence)
    started = time.monotonic()
    try:
        tested = world.trials.test(recipe, facts, decision)  # acts
    except HostFault as fault:
        tested = Tested(Outcome.INFRA, str(fault), attempts=0)  # not even begun
    except TimeFault as fault:
        notes = world.trials.broken_off(recipe, decision.target, time.monotonic() - started)
        return broken_off(msgspec.structs.replace(entry, notes=(*entry.notes, *notes)), fault)
    except UsageFault:
        raise
    except (Fault, Interrupted) as why:
        return broken_off(entry, why)
    return with_tested(entry, tested)


def plan_one(recipe: Recipe, world: World, policy: Policy) -> Entry:
    """The same decision as `sweep_one`, and nothing after it but a look at what it would need.

    Raises:
        Fault: it could not be decided.
    """
    recipe, entry, _, decision = _decided(recipe, world, policy)
    if decision.target is None:
        return entry
    return msgspec.structs.replace(entry, notes=(*entry.notes, *world.trials.outlook(recipe)))


def _decided(recipe: Recipe, world: World, policy: Policy) -> _Decided:
    if not recipe.stays_out:
        check_name(recipe.name)
        world.sources.sync(recipe)  # acts
    in_force, facts, decision = _judged(recipe, world, policy)
    # what is tested is read at that moment, not when the sweep began
    if decision.target is not None and world.sources.sync_anew(recipe):
        in_force, facts, decision = _judged(recipe, world, policy)
    entry = entry_of(in_force, decision)
    notes = entry.notes
    if facts is not None:
        entry = with_facts(entry, facts)
        notes = (*entry.notes, *world.records.remarks(in_force, facts))
    if not recipe.stays_out:
        notes = (*notes, *world.sources.settle(recipe))  # acts
    return in_force, msgspec.structs.replace(entry, notes=notes), facts, decision


def _judged(recipe: Recipe, world: World, policy: Policy) -> tuple[Recipe, Facts | None, Decision]:
    """The recipe as its releases let it be, and what is decided of it, from which facts."""
    if not recipe.stays_out:
        recipe = world.records.in_force(recipe)
    if (why := recipe.settings.excepted) is not None:
        return recipe, None, excepted(why.sentence)
    facts = world.records.facts(recipe)
    return recipe, facts, decide(facts, policy, world.now())


def check_name(recipe: str) -> None:
    """Refuse a recipe's name before it becomes the folder of its clone.

    Raises:
        SyncFault: it is no plain name.
    """
    problem = names.recipe_problem(recipe)
    if problem:
        raise SyncFault(problem, do="rename it in the configuration")


def _guarded(recipe: Recipe, step: Step, world: World, policy: Policy) -> Entry:
    name, records = recipe.name, world.records
    started, deploys = time.monotonic(), world.trials.deploys()
    blank = Entry(recipe=name, code=Code.INTERNAL_ERROR, sentence="")
    entry: Entry | None = None
    before: Label | None = None
    try:
        # a test may take hours, and other people's harnesses write records: asked before and after
        before = records.canonical(recipe)
        with interrupt.LetThrough():
            entry = step(recipe, world, policy)
    except Interrupted as signal:
        # a recipe whose line was final is not broken off any more
        entry = entry or broken_off(blank, signal)
    except UsageFault:
        raise  # the person who asked is still there
    except Exception as fault:  # the other recipes go on
        entry = broken_off(blank, fault)
        if not isinstance(fault, Fault):
            world.say(name, traceback.format_exc())
    world.say(name, f"{entry.verdict}: {entry.why}")
    after = _canonical(recipe, world)
    return msgspec.structs.replace(
        _labelled(entry, after),
        # also when it was broken off right after its promotion
        canonical_writes=entry.canonical_writes
        or int(before is not None and after is not None and after.tag != before.tag),
        sync=world.sources.done(recipe),
        seconds=round(time.monotonic() - started, 3),
        deploys=world.trials.deploys() - deploys,
    )


def _labelled(entry: Entry, canonical: Label | None) -> Entry:
    """A line with the canonical as it is now; as it was if there is none, or nobody can say."""
    if not canonical or not canonical.tag:
        return entry
    return msgspec.structs.replace(entry, canonical=canonical.tag, adopted=canonical.adopted)


def _canonical(recipe: Recipe, world: World) -> Label | None:
    """The canonical for a line that is made already; None if nobody can say."""
    try:
        return world.records.canonical(recipe)
    except Exception:
        world.say(recipe.name, traceback.format_exc())
        return None
