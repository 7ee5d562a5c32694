"""A sweep's recipes, one after another; and its reds once more, when all others had their turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec import structs

from canon_sweep.core.decision import Policy
from canon_sweep.core.stop import Stop
from canon_sweep.job.trials import Due, Trials, unrepeated
from canon_sweep.job.turns import Turns
from canon_sweep.job.wiring import Parts
from canon_sweep.line import with_tested
from canon_sweep.report.records import Entry
from canon_sweep.settings.recipe import Recipe
from canon_sweep.sweep import each
from canon_sweep.world import World


def in_turns(
    recipes: Sequence[Recipe],
    parts: Parts,
    policy: Policy,
    is_over: Callable[[Recipe], Stop | None],
    turns: Turns,
) -> tuple[Entry, ...]:
    """The lines of a sweep of these recipes, in the order of their turns.

    What was red has another turn after them all, as often as it is to be tried.
    ``is_over`` is asked before each turn: who does not reach the second one is red all the
    same, with the reason why that was not repeated.
    """
    world, trials = parts.world, parts.trials
    turns.due, turns.kept_off = trials.due, trials.kept_off
    parts.sources.acts = turns.acts
    sweep = partial(each, world=world, policy=policy, is_over=is_over, progress=turns)
    lines = {entry.recipe: entry for entry in sweep(recipes, turns.step)}
    while due := [recipe for recipe in recipes if recipe.name in trials.due]:
        again, unreached = partial(_again, lines, turns, trials), partial(_unreached, lines, trials)
        entries = sweep(due, again, unreached=unreached)
        lines |= {entry.recipe: _joined(lines[entry.recipe], entry) for entry in entries}
    turns.strike()
    return tuple(lines[name] for name in sorted(lines))


def _again(
    lines: Mapping[str, Entry],
    turns: Turns,
    trials: Trials,
    recipe: Recipe,
    _world: World,
    _policy: Policy,
) -> Entry:
    turns.acts()
    # it is due no more, whatever comes of it
    red = trials.due.pop(recipe.name)
    return with_tested(_untold(lines[recipe.name], red), trials.again(red))


def _unreached(lines: Mapping[str, Entry], trials: Trials, recipe: Recipe, stop: Stop) -> Entry:
    red = trials.due.pop(recipe.name)
    trials.kept_off.add(recipe.name)
    tested = unrepeated(red, stop.sentence.removeprefix("not reached: "))
    entry = with_tested(_untold(lines[recipe.name], red), tested)
    return structs.replace(entry, seconds=0.0, deploys=0, canonical_writes=0)


def _untold(line: Entry, red: Due) -> Entry:
    """The line without what its test has noted: that is said again, or not any more."""
    return structs.replace(line, notes=line.notes[: len(line.notes) - len(red.noted)])


def _joined(first: Entry, again: Entry) -> Entry:
    """What both tries took and did is the line's."""
    return structs.replace(
        again,
        seconds=round(first.seconds + again.seconds, 3),
        deploys=first.deploys + again.deploys,
        canonical_writes=first.canonical_writes + again.canonical_writes,
    )
