"""``prune``: what nothing names any more, and what is old, is taken away; nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec

from canon_sweep import interrupt, tree
from canon_sweep.core.count import counted
from canon_sweep.errors import EXIT_DONE, EXIT_WRONG, DeferredFault, Fault, HostFault, StateFault
from canon_sweep.job import images, strays
from canon_sweep.job.deed import Act, Deed, carry_out
from canon_sweep.job.finish import check_state
from canon_sweep.job.wiring import Parts, Surroundings, parts_to_look
from canon_sweep.mirror import scratch
from canon_sweep.settings.recipe import recipe_of
from canon_sweep.settings.records import Settings
from canon_sweep.state import lock
from canon_sweep.state.oldruns import old_runs
from canon_sweep.state.store import State

OVERDUE = timedelta(days=14)
"""For so long a prune may be put off, night after night, before that is a failure."""


class Pruning(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed, or with ``dry_run`` would be.

    ``left`` is what nothing names and what may be somebody's all the same, and what could
    not be looked at; ``remarks`` is what will be looked at later.  ``others`` counts what
    another canon-sweep has made on the same engine.
    """

    dry_run: bool
    acts: tuple[Act, ...] = ()
    left: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    others: int = 0

    @property
    def failed(self) -> int:
        """How many things are still there that should have gone."""
        return sum(bool(act.problem) for act in self.acts)

    @property
    def exit_code(self) -> int:
        """0 if nothing stays that nothing names."""
        return EXIT_WRONG if self.left or self.failed else EXIT_DONE


def run_prune(settings: Settings, around: Surroundings, *, dry_run: bool) -> Pruning:
    """Remove what killed runs left, what nothing names, old runs and old images.

    With ``dry_run`` it is only said; what an interrupted run left is said to be settled.

    Raises:
        UsageFault: the state is somebody else's.
        DeferredFault: a run is at work, or a build is in flight.
        HostFault: that has been so for `OVERDUE`.
        StateFault: the journal, or the folder of all records, cannot be read.
    """
    last, now = State.of(settings).last_prune, around.clock()
    try:
        pruning = _pruned(settings, around, dry_run=dry_run)
    except DeferredFault as fault:
        if not dry_run and now - last.since(now) >= OVERDUE:
            raise _overdue(now - last.since(now), fault) from fault
        raise
    if dry_run:
        return pruning
    try:
        last.note(now)
    except StateFault as fault:  # what was done is told all the same
        return msgspec.structs.replace(pruning, left=(*pruning.left, str(fault)))
    return pruning


def _overdue(ago: timedelta, fault: DeferredFault) -> HostFault:
    return HostFault(
        f"there was no prune for {counted(ago.days, 'day')}: {fault.what}",
        do="see that it ends, or at what other time there is room; guard.ignore lists stacks"
        " that are not waited for",
    )


def _pruned(settings: Settings, around: Surroundings, *, dry_run: bool) -> Pruning:
    with _alone(settings):
        parts = parts_to_look(settings, around)
        if not dry_run:
            _check_quiet(parts)
        acts = list(_settled(parts, only_say=dry_run))
        left: list[str] = []
        remarks: list[str] = []
        others = 0
        finds: tuple[tuple[str, Callable[[Parts], _Found]], ...] = (
            ("what dead processes left in folders", _files),
            ("old runs", _old_runs),
            ("what nothing names", _strays),
            ("old images", partial(_old_images, note=not dry_run)),
        )
        for what, find in finds:
            try:
                found = find(parts)
            except Fault as fault:
                left.append(f"{what}, which nobody could look for: {fault}")
                continue
            acts += carry_out(found.deeds, only_say=dry_run)
            left += found.left
            remarks += found.remarks
            others += found.others
        return Pruning(
            dry_run=dry_run,
            acts=tuple(acts),
            left=tuple(left),
            remarks=tuple(remarks),
            others=others,
        )


class _Found(msgspec.Struct, frozen=True):
    """What may go, and what stays: as in `Pruning`."""

    deeds: tuple[Deed, ...] = ()
    left: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    others: int = 0


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Nobody else acts meanwhile; signals are held, so that what was done is told.

    Raises:
        DeferredFault: a run is at work.
    """
    check_state(settings)
    with interrupt.Held(), lock.held(State.of(settings).folder / "lock"):
        yield


def _check_quiet(parts: Parts) -> None:
    """See that no build is in flight, which may be about to use what looks unused.

    Nobody waits: the timer comes again.

    Raises:
        DeferredFault: one is, or may be.
        Interrupted: the process is asked to end.
    """
    # a server of builds may take its time, and nothing is begun yet
    with interrupt.LetThrough():
        reason = parts.watch.in_flight()
    if reason is not None:
        raise DeferredFault(reason, do="prune when it has ended")


def _settled(parts: Parts, *, only_say: bool) -> Iterator[Act]:
    """What an interrupted run left is finished or undone before anything is called a stray.

    Raises:
        StateFault: the journal cannot be read.
    """
    entries = parts.state.journal.entries()
    if entries and not only_say:
        parts.ground.settle()
    problems = {left.stack: left.why for left in parts.ground.unsettled}
    for entry in entries:
        yield Act(
            what=f"stack {entry.stack}",
            why=f"was left by an interrupted run of {entry.recipe}",
            problem=problems.get(entry.stack, ""),
        )


def _files(parts: Parts) -> _Found:
    """Drafts, checkouts and temporary folders of processes that died."""
    state = parts.state
    deeds = [
        Deed(f"draft {path}", "was left by a writer that died", _removal(path))
        for path in state.dead_drafts()
    ]
    deeds += [
        Deed(f"checkout {path}", "was left by a test that was killed", _removal(path))
        for path in state.left_checkouts()
    ]
    for below in sorted(_scratch_folders(parts)):
        deeds += [
            Deed(f"folder {path}", "was left by a run that was killed", _cleared(below))
            for path in scratch.dead(below)
        ]
    return _Found(tuple(deeds))


def _old_runs(parts: Parts) -> _Found:
    records, unread = parts.state.records()
    if unread:
        return _Found(left=(f"old runs, until {', '.join(unread)} can be read",))
    keep = parts.settings.prune.keep_runs
    named = [record.run_id for record in records]
    old = old_runs(parts.state.folder / "runs", keep, named, parts.world.now())
    why = f"is older than the {keep} newest, and nothing needs it"
    return _Found(tuple(Deed(f"run {path.name}", why, _removal(path)) for path in old))


def _strays(parts: Parts) -> _Found:
    found = strays.look(parts.state, parts.engine)
    deeds = tuple(
        Deed(stray.what, stray.why, partial(strays.remove, stray, parts.engine))
        for stray in found.found
        if not stray.doubt
    )
    left = [f"{stray.what} {stray.why}; {stray.doubt}" for stray in found.found if stray.doubt]
    left += found.problems
    if found.unread:
        left.append(f"volumes and secrets, until {', '.join(found.unread)} can be read")
    return _Found(deeds, tuple(left), others=found.others)


def _old_images(parts: Parts, *, note: bool) -> _Found:
    found = images.old(
        parts.settings.prune, parts.state, parts.engine, parts.world.now(), note=note
    )
    left, remarks = (tuple(filter(None, [text])) for text in (found.unread, found.remark))
    return _Found(found.deeds, left, remarks)


def _scratch_folders(parts: Parts) -> set[Path]:
    day = parts.world.now().date()
    recipes = (recipe_of(parts.settings, name, day) for name in parts.settings.recipes)
    return {scratch.beside(recipe.clone) for recipe in recipes}


def _removal(path: Path) -> Callable[[], str]:
    def do() -> str:
        tree.remove(path)
        return ""

    return do


def _cleared(below: Path) -> Callable[[], str]:
    return partial(scratch.clear, below)
