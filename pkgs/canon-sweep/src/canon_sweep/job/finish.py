"""How a command that goes through recipes begins and ends: once for all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import msgspec

from canon_sweep import __version__, interrupt
from canon_sweep.errors import StateFault
from canon_sweep.job.sources import Mirrors
from canon_sweep.job.wiring import Parts, Surroundings, parts_to_act
from canon_sweep.report.records import (
    Entry,
    PreStep,
    Results,
    exit_code_of,
    exit_code_of_resume,
    hollow_of,
    totals_of,
)
from canon_sweep.settings.recipe import Recipe
from canon_sweep.settings.records import Settings
from canon_sweep.state import lock, runs
from canon_sweep.state.layout import check_layout
from canon_sweep.state.owner import check_owner
from canon_sweep.state.store import State


@contextmanager
def opened(
    settings: Settings,
    around: Surroundings,
    mirrors: Mirrors,
    *,
    patience: float = 0.0,
    begins: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Parts, runs.Run]]:
    """The parts of a run that may act: alone, with a folder, and cleaned up first.

    While another run is at work, it is waited for ``patience`` seconds.  ``begins`` is called
    as soon as it is our turn: what is cleaned up first may take long, or end the program.
    Signals are held until it ends, so that what was done is written down.

    Raises:
        UsageFault: the state is somebody else's.
        DeferredFault: another run is at work.
        StateFault: the state folder cannot be used.
    """
    check_state(settings)
    state = State.of(settings)
    with interrupt.Held(), lock.held(state.folder / "lock", patience, around.say) as turn:
        begins()
        run = runs.begin(state.folder / "runs", around.clock())
        parts = parts_to_act(settings, around, state, run, mirrors, turn=turn)
        try:
            parts.ground.tidy()
            parts.ground.settle()
            yield parts, run
        finally:
            run.forget_if_empty()


def check_state(settings: Settings) -> None:
    """See that the state and the cache are ours to use, and so is where the records are.

    Raises:
        UsageFault: they are somebody else's; it has the command to type instead.
        StateFault: the folder of the records cannot be read.
    """
    check_owner([settings.state_dir, settings.cache_dir], sys.argv)
    check_layout(settings)


def finish(
    command: str,
    recipes: Sequence[Recipe],
    entries: tuple[Entry, ...],
    *,
    started: datetime,
    parts: Parts,
    run: runs.Run,
    named: Sequence[str] = (),
    pre_sweep: tuple[PreStep, ...] = (),
    problems: Sequence[str] = (),
    known: Sequence[str] = (),
) -> Results:
    """Settle what is left, if it is still our turn, then sum up, then write it down.

    ``named`` are the recipes that somebody asked for, if it was not all, ``problems`` what
    is wrong besides; of it ``known`` was so when a resume began.  Results that cannot be
    written are a problem too, and whoever looks on sees them all the same.
    """

    def with_problems(*problems: str) -> Results:
        return results_of(
            command,
            recipes,
            entries,
            started=started,
            parts=parts,
            named=named,
            pre_sweep=pre_sweep,
            problems=problems,
            known=known,
        )

    # each makes the run wrong, whatever its recipes' lines say
    failed = (step.sentence for step in pre_sweep if step.failed)
    left = parts.ground.left() if parts.may_act else ()
    # a file that is broken is told of once, by however many it is needed
    told = tuple(dict.fromkeys((*failed, *left, *parts.ground.problems, *problems)))
    results = with_problems(*told)
    try:
        run.write_results(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    except StateFault as fault:
        return with_problems(*told, str(fault))
    return results


def results_of(
    command: str,
    recipes: Sequence[Recipe],
    entries: tuple[Entry, ...],
    *,
    started: datetime,
    parts: Parts,
    named: Sequence[str] = (),
    pre_sweep: tuple[PreStep, ...] = (),
    problems: tuple[str, ...] = (),
    known: Sequence[str] = (),
) -> Results:
    """Sum a run up; recipes without a line make it wrong, whatever the lines say."""
    totals = totals_of(entries, parts.ground.recovered)
    missing = tuple(sorted({recipe.name for recipe in recipes} ^ {e.recipe for e in entries}))
    wrong = (*missing, *problems)
    if command == "resume":
        # what was left of a sweep may well be held meanwhile
        hollow, exit_code = "", exit_code_of_resume(entries, wrong, known)
    else:
        hollow = hollow_of(entries)
        exit_code = exit_code_of(entries, wrong, hollow)
    return Results(
        run_id=parts.run_id,
        command=command,
        engine=parts.settings.engine,
        version=__version__,
        started=started,
        ended=parts.world.now(),
        exit_code=exit_code,
        # what an outside harness has done before it was broken off is in no sum
        noop=totals.is_noop and not parts.ground.visits,
        totals=totals,
        entries=entries,
        named=tuple(sorted(set(named))),
        pre_sweep=pre_sweep,
        missing=missing,
        problems=problems,
        hollow=hollow,
        stepped_back=tuple(entry.recipe for entry in entries if entry.stepped_back),
    )
