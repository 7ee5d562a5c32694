"""The sweep on one page: sync, decide, test, judge, keep, log; one recipe after another."""

from __future__ import annotations

import shlex
import time
import traceback
from collections.abc import Callable, Sequence

import msgspec

from canon_sweep import interrupt
from canon_sweep.core import denial, names
from canon_sweep.core.attempts import Outcome
from canon_sweep.core.decision import Code, Decision, Facts, Policy, decide, excepted
from canon_sweep.core.stop import Stop
from canon_sweep.errors import (
    Fault,
    HostFault,
    Interrupted,
    RoomFault,
    SyncFault,
    TimeFault,
    UsageFault,
)
from canon_sweep.harness.tested import Tested
from canon_sweep.report.records import Entry, Ignored
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
            entry = msgspec.structs.replace(entry, canonical=_canonical(recipe, world) or "")
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
        tested = Tested(Outcome.INFRA, str(fault))
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
        recipe = world.records.in_force(recipe)
    if (why := recipe.settings.excepted) is not None:
        decision = excepted(why.sentence)
        return recipe, entry_of(recipe, decision), None, decision
    facts = world.records.facts(recipe)
    decision = decide(facts, policy, world.now())
    entry = with_facts(entry_of(recipe, decision), facts)
    notes = (*entry.notes, *world.records.remarks(recipe, facts))
    return recipe, msgspec.structs.replace(entry, notes=notes), facts, decision


def check_name(recipe: str) -> None:
    """Refuse a recipe's name before it becomes the folder of its clone.

    Raises:
        SyncFault: it is no plain name.
    """
    problem = names.recipe_problem(recipe)
    if problem:
        raise SyncFault(problem, do="rename it in the configuration")


def entry_of(recipe: Recipe, decision: Decision) -> Entry:
    """A recipe's line as far as it is decided."""
    return Entry(
        recipe=recipe.name,
        code=decision.code,
        sentence=decision.sentence,
        tag=decision.target.tag if decision.target else "",
        commit=decision.target.commit if decision.target else "",
        notes=(*decision.notes, *recipe.notes),
    )


def with_facts(entry: Entry, facts: Facts) -> Entry:
    """A line with what the decision rested on."""
    return msgspec.structs.replace(
        entry,
        canonical=facts.canonical.release_tag if facts.canonical else "",
        adopted=facts.canonical is not None and facts.canonical.is_adopted,
        ignored_tags=tuple(Ignored(tag=x.tag, reason=x.reason) for x in facts.releases.ignored),
    )


def with_tested(entry: Entry, tested: Tested) -> Entry:
    """A line with how its test ended."""
    result = tested.result
    return msgspec.structs.replace(
        entry,
        outcome=tested.outcome,
        reason=tested.reason or f"{entry.tag} is the canonical now",
        canonical=tested.record.release_tag if tested.record else entry.canonical,
        adopted=entry.adopted and not tested.record,
        canonical_writes=1 if tested.record else 0,
        base=result.base if result else None,
        broken_bases=result.broken_bases if result else (),
        stepped_back=result.stepped_back if result else False,
        tiers=result.tiers if result else (),
        images=result.images if result else (),
        refused=tested.refused,
        attempts=tested.attempts,
        flaky=tested.flaky,
        again=tested.again,
        repeat=_repetition(entry, tested) if tested.outcome is Outcome.RED else "",
        notes=(*entry.notes, *tested.notes),
    )


def _repetition(entry: Entry, tested: Tested) -> str:
    """The command that tests the same once more."""
    commit = tested.result.commit if tested.result else entry.commit
    what = f"--version {shlex.quote(entry.tag)}" if entry.tag else f"--ref {commit}"
    return f"canon-sweep test {entry.recipe} {what}"


def broken_off(entry: Entry, why: BaseException) -> Entry:
    """A line that came to no end: what was known of the release stays, the verdict is new."""
    code, sentence = _verdict_on(why)
    return msgspec.structs.replace(entry, code=code, sentence=sentence)


# the most exact first
_CODES = (
    (RoomFault, Code.DISK),
    (HostFault, Code.HOST_ERROR),
    (SyncFault, Code.SYNC_ERROR),
    (Fault, Code.INTERNAL_ERROR),
)


def _verdict_on(why: BaseException) -> tuple[Code, str]:
    if isinstance(why, (TimeFault, Interrupted)):
        return Code.OUT_OF_TIME, f"broken off: {why}"
    for kind, code in _CODES:
        if isinstance(why, kind):
            return code, str(why)
    if exhaustion := denial.exhaustion(why):
        return Code.HOST_ERROR, str(exhaustion)
    bug = f"{type(why).__name__}: {why}".splitlines()[0]
    sentence = f"a bug in canon-sweep ({bug}); the recipe's log has the traceback"
    return Code.INTERNAL_ERROR, sentence


def _guarded(recipe: Recipe, step: Step, world: World, policy: Policy) -> Entry:
    name, records = recipe.name, world.records
    started, deploys = time.monotonic(), world.trials.deploys()
    blank = Entry(recipe=name, code=Code.INTERNAL_ERROR, sentence="")
    entry: Entry | None = None
    before: str | None = None
    try:
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
        entry,
        canonical=after or entry.canonical,
        # also when it was broken off right after its promotion
        canonical_writes=entry.canonical_writes
        or int(None not in (before, after) and after != before),
        sync=world.sources.done(recipe),
        seconds=round(time.monotonic() - started, 3),
        deploys=world.trials.deploys() - deploys,
    )


def _canonical(recipe: Recipe, world: World) -> str | None:
    """The canonical's tag for a line that is made already; None if nobody can say."""
    try:
        return world.records.canonical(recipe)
    except Exception:
        world.say(recipe.name, traceback.format_exc())
        return None
